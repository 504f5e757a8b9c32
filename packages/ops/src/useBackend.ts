import { type RegisterOptions, registerWasmBackend, WASM_BACKEND } from '@crln/backend-wasm';
import { CrlnError } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { loadTensorflow } from './tensorflow.js';
import { TENSORFLOW } from './tensorflowKernels.js';
import { loadWebGpu } from './webgpu.js';

const CHOICES = ['auto', 'wasm', 'webgpu', 'tensorflow', 'cpu'] as const;
export type BackendName = (typeof CHOICES)[number];

export interface UseBackendOptions {
  /** Which build of the WebAssembly kernels; `'auto'` by default. */
  simd?: RegisterOptions['simd'] | undefined;
  /**
   * Threads of the WebAssembly backend; by default the environment variable `CRLN_THREADS`, else all cores. They change the time
   * and not one bit of a result. What the first call said holds for the whole process.
   */
  threads?: RegisterOptions['threads'] | undefined;
  /**
   * Of the backend `webgpu`: how it stores activations from now on, `'f32'` by default. `'f16'` halves their memory; weights, their gradients and
   * all sums stay float32. Training needs its loss scaled then: see {@link lossScaleStep}.
   */
  precision?: 'f32' | 'f16' | undefined;
  /** Of the backend `webgpu`: sizes of kernels that were measured for this GPU, as {@link gpuTiles} has them. Results differ in their last bits. */
  tiles?: unknown;
}

export interface BackendChoice {
  /** What was chosen: never `'auto'`. */
  name: Exclude<BackendName, 'auto'>;
  /** Its name inside TensorFlow.js (`tf.getBackend()`). */
  tfBackend: string;
  /** Why, in one sentence. */
  reason: string;
  /** Which build of the kernels runs: runs on different builds differ in the last bits. */
  kernelBuild: string;
  /** How many threads kernels run on, where it is known. */
  threads?: number;
  /** Of `webgpu`: the GPU's name. */
  adapter?: string;
}

/**
 * Makes a backend the current one of TensorFlow.js and says what was chosen and why.
 *
 * - `'auto'`: `'wasm'` where the JavaScript engine has WebAssembly SIMD, else `'cpu'`.
 * - `'wasm'`: `@crln/backend-wasm`. (Never the stock wasm backend, whose 3-D gradients are wrong.)
 * - `'cpu'`: stock TensorFlow.js in plain JavaScript: slow, the reference.
 * - `'tensorflow'`: `@tensorflow/tfjs-node-gpu` or `@tensorflow/tfjs-node`, where installed.
 * - `'webgpu'`: `@crln/backend-webgpu`, where installed: the GPU, in browsers and in Node. (Never the stock webgpu backend, whose rank-5
 *   operations are wrong.) Values are read asynchronously there: `await tensor.data()`.
 *
 * @throws CrlnError `unknown-option`, `backend-unavailable`, `missing-dependency`; `invalid-option` where `threads` is no number of threads, or
 * where a backend other than `webgpu` is asked for half precision
 */
export async function useBackend(name: BackendName, options: UseBackendOptions = {}): Promise<BackendChoice> {
  const { precision = 'f32' } = options;
  if (precision !== 'f32' && name !== 'webgpu') {
    throw new CrlnError(
      'invalid-option',
      `precision '${String(precision)}': backend '${String(name)}' computes and stores float32; use precision 'f32', or 'f16' with backend 'webgpu'`,
      { precision, name },
    );
  }
  switch (name) {
    case 'auto':
      return automatic(options);
    case 'wasm':
      return wasm(options, 'asked for');
    case 'cpu':
      return cpu('asked for');
    case 'tensorflow':
      return tensorflow();
    case 'webgpu':
      return webgpu({ ...options, precision });
    default:
      throw new CrlnError('unknown-option', `unknown backend '${String(name)}'; choose one of ${CHOICES.join(', ')}`, {
        name,
        choices: CHOICES,
      });
  }
}

async function automatic(options: UseBackendOptions): Promise<BackendChoice> {
  try {
    return await wasm(options, 'this JavaScript engine has WebAssembly SIMD');
  } catch (error) {
    if (!(error instanceof CrlnError && error.code === 'backend-unavailable')) throw error;
    return cpu(`the WebAssembly backend cannot run here (${error.message})`);
  }
}

async function wasm(options: UseBackendOptions, reason: string): Promise<BackendChoice> {
  const { simd, threads } = options;
  const running = await registerWasmBackend({ ...(simd && { simd }), ...(threads !== undefined && { threads }) });
  await select(WASM_BACKEND);
  return { name: 'wasm', tfBackend: WASM_BACKEND, reason, kernelBuild: running.build, threads: running.threads };
}

async function cpu(reason: string): Promise<BackendChoice> {
  await import('@tensorflow/tfjs-backend-cpu');
  await select('cpu');
  return { name: 'cpu', tfBackend: 'cpu', reason, kernelBuild: `tfjs-cpu ${tf.version_core}`, threads: 1 };
}

async function webgpu({ precision = 'f32', tiles }: UseBackendOptions): Promise<BackendChoice> {
  const { registerWebGpuBackend, WEBGPU_BACKEND } = await loadWebGpu();
  const { adapter, tuned } = await registerWebGpuBackend({ precision, tiles });
  await select(WEBGPU_BACKEND);
  const build = [adapter, ...(precision === 'f16' ? ['f16'] : []), ...(tuned ? ['tuned'] : [])];
  return {
    name: 'webgpu',
    tfBackend: WEBGPU_BACKEND,
    reason: 'asked for',
    kernelBuild: build.join(', '),
    adapter,
  };
}

async function tensorflow(): Promise<BackendChoice> {
  const { specifier, version } = await loadTensorflow();
  await select(TENSORFLOW);
  return {
    name: 'tensorflow',
    tfBackend: TENSORFLOW,
    reason: `${specifier} is installed`,
    kernelBuild: `${specifier}, TensorFlow ${version}`,
  };
}

async function select(tfBackend: string): Promise<void> {
  if (!(await tf.setBackend(tfBackend))) {
    throw new CrlnError('backend-unavailable', `TensorFlow.js could not start its backend '${tfBackend}'`, {
      tfBackend,
    });
  }
  await tf.ready();
}
