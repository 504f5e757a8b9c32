import { CrlnError } from '@crln/core';
import { Arena } from './arena.js';
import { relaxedSimdWasm } from './generated/relaxed.js';
import { simdWasm } from './generated/simd.js';
import type { WasmKernels } from './wasmKernels.js';

/** The two builds of the kernels; `relaxed-simd` has fused multiply-add and so gives other last bits. */
export type BuildName = 'simd' | 'relaxed-simd';
/** `auto`: relaxed SIMD where the engine has it. */
export type BuildChoice = 'auto' | 'simd' | 'relaxed';

export interface Engine {
  readonly build: BuildName;
  readonly arena: Arena;
  readonly kernels: WasmKernels;
}

let running: Engine | undefined;

/** Compiles the kernels, once; later calls keep what runs. */
export async function startEngine(choice: BuildChoice): Promise<void> {
  if (running) return;
  const build = chooseBuild(choice);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  const bytes = decodeBase64(build === 'simd' ? simdWasm : relaxedSimdWasm);
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  running = { build, arena: new Arena(memory), kernels: instance.exports as unknown as WasmKernels };
}

/** The running kernels and their scratch memory. */
export function engine(): Engine {
  if (!running) {
    throw new CrlnError('backend-unavailable', 'crln-wasm: call and await registerWasmBackend() first', {});
  }
  return running;
}

/** Which build of the kernels runs. */
export const buildName = (): BuildName => engine().build;

/** Bytes of WebAssembly memory held now. Kernels use it as scratch space; it grows to the largest call and does not shrink. */
export const wasmMemoryBytes = (): number => running?.arena.capacity ?? 0;

function chooseBuild(choice: BuildChoice): BuildName {
  if (!WebAssembly.validate(decodeBase64(simdWasm))) {
    throw new CrlnError(
      'backend-unavailable',
      'crln-wasm: this JavaScript engine has no WebAssembly SIMD; use Node 20.19 or newer, or a browser from 2021 on',
      { choice },
    );
  }
  if (choice === 'simd') return 'simd';
  enableRelaxedSimd();
  if (WebAssembly.validate(decodeBase64(relaxedSimdWasm))) return 'relaxed-simd';
  if (choice === 'auto') return 'simd';
  throw new CrlnError(
    'backend-unavailable',
    "crln-wasm: this JavaScript engine has no relaxed SIMD; use simd: 'auto' or 'simd'",
    { choice },
  );
}

/**
 * Node 20 knows relaxed SIMD only behind a V8 flag, which may be set as long as the module is not compiled yet. Not an `import
 * 'node:v8'`, so that the file loads in browsers and bundlers see nothing of Node.
 */
function enableRelaxedSimd(): void {
  if (WebAssembly.validate(decodeBase64(relaxedSimdWasm))) return;
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (name: string) => { setFlagsFromString(flag: string): void } | undefined };
  };
  process?.getBuiltinModule?.('node:v8')?.setFlagsFromString('--experimental-wasm-relaxed-simd');
}

const decodeBase64 = (text: string): Uint8Array<ArrayBuffer> => {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
};
