import { findBackendFactory, getKernel, registerBackend, registerKernel } from '@tensorflow/tfjs-core';
import { CrlnWebGpuBackend, type Precision, WEBGPU_BACKEND } from './backend.js';
import { type DeviceOptions, openDevice } from './gpu/device.js';
import { kernels } from './kernels/index.js';
import { findMatrixUnit } from './product/matrixUnit.js';
import { areTuned, useTiles } from './product/tileTable.js';

export interface RegisterOptions extends DeviceOptions {
  /** Fill buffers with NaN when they are taken: finds kernels that leave elements unwritten. For tests. */
  poison?: boolean;
  /**
   * How activations are stored, `'f32'` by default. `'f16'` halves their memory; sums, weights and their gradients stay f32, and training
   * needs its loss scaled.
   */
  precision?: Precision;
  /** Sizes of kernels that were measured for this GPU: see `useTiles`. */
  tiles?: unknown;
}

export interface WebGpuBackendInfo {
  /** The TensorFlow.js backend name, for `tf.setBackend`. */
  name: typeof WEBGPU_BACKEND;
  /** What computes, such as `nvidia hopper`. */
  adapter: string;
  features: string[];
  precision: Precision;
  /** Whether kernels go by other sizes than those that are built in. */
  tuned: boolean;
}

let registration: Promise<CrlnWebGpuBackend> | undefined;
/** The backend that is registered. */
let open: CrlnWebGpuBackend | undefined;

/**
 * Opens the GPU and registers the backend `crln-webgpu` with TensorFlow.js. Does not make it the current one: call
 * `tf.setBackend(WEBGPU_BACKEND)`. Calling again returns what is running, and of its options only `precision` and `tiles` count, from there on; after
 * `tf.removeBackend(WEBGPU_BACKEND)`, as where a device was lost, it opens the GPU anew.
 *
 * @throws CrlnError `backend-unavailable` where there is no GPU that WebGPU reaches, or none that computes with halves where `precision` is
 * `'f16'`; `missing-dependency` where Node lacks the package `webgpu`
 */
export async function registerWebGpuBackend(options: RegisterOptions = {}): Promise<WebGpuBackendInfo> {
  if (open && !findBackendFactory(WEBGPU_BACKEND)) {
    open.device.close();
    open = undefined;
    registration = undefined;
  }
  registration ??= register(options).catch((error: unknown) => {
    registration = undefined;
    throw error;
  });
  const backend = await registration;
  if (options.precision) backend.precision = options.precision;
  if (options.tiles !== undefined) useTiles(options.tiles);
  const { info, gpu } = backend.device;
  const adapter = [info.vendor, info.architecture, info.description].filter(Boolean).join(' ') || 'unnamed adapter';
  const { precision } = backend;
  return { name: WEBGPU_BACKEND, adapter, features: [...gpu.features].sort(), precision, tuned: areTuned() };
}

async function register({
  poison = false,
  precision: _,
  tiles: __,
  ...options
}: RegisterOptions): Promise<CrlnWebGpuBackend> {
  const device = await openDevice(options);
  const backend = new CrlnWebGpuBackend(device, poison);
  const unit = await findMatrixUnit(device);
  if (typeof unit !== 'string') backend.matrixUnit = unit;
  if (!findBackendFactory(WEBGPU_BACKEND)) {
    registerBackend(WEBGPU_BACKEND, () => backend, 0);
    open = backend;
    // They outlive a backend that was removed.
    for (const kernel of kernels) if (!getKernel(kernel.kernelName, WEBGPU_BACKEND)) registerKernel(kernel);
  }
  return backend;
}
