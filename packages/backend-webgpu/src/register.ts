import { findBackendFactory, registerBackend, registerKernel } from '@tensorflow/tfjs-core';
import { CrlnWebGpuBackend, WEBGPU_BACKEND } from './backend.js';
import { type DeviceOptions, openDevice } from './gpu/device.js';
import { kernels } from './kernels/index.js';

export interface RegisterOptions extends DeviceOptions {
  /** Fill buffers with NaN when they are taken: finds kernels that leave elements unwritten. For tests. */
  poison?: boolean;
}

export interface WebGpuBackendInfo {
  /** The TensorFlow.js backend name, for `tf.setBackend`. */
  name: typeof WEBGPU_BACKEND;
  /** What computes, such as `nvidia hopper`. */
  adapter: string;
  features: string[];
}

let registration: Promise<WebGpuBackendInfo> | undefined;

/**
 * Opens the GPU and registers the backend `crln-webgpu` with TensorFlow.js. Does not make it the current one: call
 * `tf.setBackend(WEBGPU_BACKEND)`. Calling again does nothing and returns what is running, whatever the options.
 *
 * @throws CrlnError `backend-unavailable` where there is no GPU that WebGPU reaches, `missing-dependency` where Node lacks the package `webgpu`
 */
export function registerWebGpuBackend(options: RegisterOptions = {}): Promise<WebGpuBackendInfo> {
  registration ??= register(options).catch((error: unknown) => {
    registration = undefined;
    throw error;
  });
  return registration;
}

async function register({ poison = false, ...options }: RegisterOptions): Promise<WebGpuBackendInfo> {
  const device = await openDevice(options);
  if (!findBackendFactory(WEBGPU_BACKEND)) {
    registerBackend(WEBGPU_BACKEND, () => new CrlnWebGpuBackend(device, poison), 0);
    for (const kernel of kernels) registerKernel(kernel);
  }
  const { vendor, architecture, description } = device.info;
  const adapter = [vendor, architecture, description].filter(Boolean).join(' ') || 'unnamed adapter';
  return { name: WEBGPU_BACKEND, adapter, features: [...device.gpu.features].sort() };
}
