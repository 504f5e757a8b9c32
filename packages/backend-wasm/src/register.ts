// The stock backend registers itself and its kernels on import; ours starts from a copy of them.
import '@tensorflow/tfjs-backend-cpu';
import {
  copyRegisteredKernels,
  findBackendFactory,
  getKernel,
  registerBackend,
  registerKernel,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { CrlnWasmBackend, WASM_BACKEND } from './backend.js';
import { type BuildChoice, type BuildName, buildName, engine, startEngine } from './engine.js';
import { kernels } from './kernels/index.js';

export interface RegisterOptions {
  /** Which build of the kernels: relaxed SIMD (fused multiply-add, other last bits) where the engine has it, or one of the two. */
  simd?: BuildChoice;
  /** Threads that share a kernel's work; by default the environment variable `CRLN_THREADS`, else all cores. */
  threads?: number;
  /** Fill memory with NaN when it is taken and when it becomes free: finds kernels that read what is not theirs. For tests. */
  poison?: boolean;
}

export interface WasmBackendInfo {
  /** The TensorFlow.js backend name, for `tf.setBackend`. */
  name: typeof WASM_BACKEND;
  build: BuildName;
  threads: number;
}

let registration: Promise<WasmBackendInfo> | undefined;

/**
 * Compiles the WebAssembly kernels and registers the backend `crln-wasm` with TensorFlow.js. Does not make it the current one:
 * call `tf.setBackend(WASM_BACKEND)`. Calling again does nothing and returns what is running, whatever the options.
 *
 * @throws CrlnError `backend-unavailable` where the engine cannot run the asked-for build (WebAssembly SIMD is needed at least); `invalid-option`
 *   where the number of threads is not a whole one from 1 to 256.
 */
export function registerWasmBackend(options: RegisterOptions = {}): Promise<WasmBackendInfo> {
  registration ??= register(options).catch((error: unknown) => {
    registration = undefined;
    throw error;
  });
  return registration;
}

async function register({ simd = 'auto', threads, poison = false }: RegisterOptions): Promise<WasmBackendInfo> {
  await startEngine({ simd, threads });
  engine().heap.poison = poison;
  if (!findBackendFactory(WASM_BACKEND)) {
    registerBackend(WASM_BACKEND, () => new CrlnWasmBackend());
    copyRegisteredKernels('cpu', WASM_BACKEND);
  }
  for (const kernel of kernels) {
    if (getKernel(kernel.kernelName, WASM_BACKEND)) unregisterKernel(kernel.kernelName, WASM_BACKEND);
    registerKernel(kernel);
  }
  return { name: WASM_BACKEND, build: buildName(), threads: engine().threads };
}
