import { CrlnError } from '@crln/core';
import { FilterCache } from './conv/filterCache.js';
import { relaxedSimdWasm } from './generated/relaxed.js';
import { simdWasm } from './generated/simd.js';
import { Heap } from './heap.js';
import { nodeWorkers, Pool } from './pool.js';
import { threadCount } from './threads.js';
import type { SharedArguments, SharedKernel, WasmKernels } from './wasmKernels.js';

/** The two builds of the kernels; `relaxed-simd` has fused multiply-add and so gives other last bits. */
export type BuildName = 'simd' | 'relaxed-simd';
/** `auto`: relaxed SIMD where the engine has it. */
export type BuildChoice = 'auto' | 'simd' | 'relaxed';

export interface EngineOptions {
  simd: BuildChoice;
  /** Threads; all cores by default. */
  threads: number | undefined;
}

/** The compiled kernels, the memory that they share with the tensors, and the threads that share their work. */
export class Engine {
  readonly heap: Heap;
  readonly filters: FilterCache;
  readonly #pool: Pool;

  constructor(
    readonly build: BuildName,
    readonly kernels: WasmKernels,
    memory: WebAssembly.Memory,
    module: WebAssembly.Module,
    threads: number,
  ) {
    this.heap = new Heap(memory);
    this.filters = new FilterCache(this.heap);
    const control = this.heap.take(Pool.controlBytes, { kernel: 'threads', shape: [Pool.controlBytes] });
    this.heap.retain(control);
    const all = kernels as unknown as Record<string, (...values: number[]) => void>;
    this.#pool = new Pool({ module, memory, kernels: all, control, threads });
  }

  get threads(): number {
    return this.#pool.threads;
  }

  /** Starts the other threads where that takes the caller to wait, as in browsers. In Node they start when there is work. */
  async startThreads(): Promise<void> {
    if (!nodeWorkers()) await this.#pool.start();
  }

  /** How many units of work the other threads have done. */
  get helped(): number {
    return this.#pool.helped;
  }

  /**
   * Runs a kernel's units 0 … units − 1 on all threads. How the work is cut must not depend on the number of threads: then the
   * bits do not either.
   */
  run<K extends SharedKernel>(kernel: K, units: number, ...values: SharedArguments<K>): void {
    this.#pool.run(kernel, units, values);
  }
}

let running: Engine | undefined;

/** Compiles the kernels, once; later calls keep what runs. */
export async function startEngine({ simd, threads }: EngineOptions): Promise<void> {
  if (running) return;
  const count = threadCount(threads);
  const build = chooseBuild(simd);
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
  const bytes = decodeBase64(build === 'simd' ? simdWasm : relaxedSimdWasm);
  const { instance, module } = await WebAssembly.instantiate(bytes, { env: { memory } });
  running = new Engine(build, instance.exports as unknown as WasmKernels, memory, module, count);
  await running.startThreads();
}

/** The running kernels, their memory and threads. */
export function engine(): Engine {
  if (!running) {
    throw new CrlnError('backend-unavailable', 'crln-wasm: call and await registerWasmBackend() first', {});
  }
  return running;
}

/** Which build of the kernels runs. */
export const buildName = (): BuildName => engine().build;

/** Bytes of WebAssembly memory held now, tensors and scratch space together. It grows to what is needed at once and does not shrink. */
export const wasmMemoryBytes = (): number => running?.heap.capacity ?? 0;

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
