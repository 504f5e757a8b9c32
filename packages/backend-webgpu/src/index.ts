/**
 * A TensorFlow.js backend whose 3-D kernels run on the GPU through WebGPU, in browsers and in Node.
 * @packageDocumentation
 */
export { type Precision, WEBGPU_BACKEND } from './backend.js';
export { kernelCalls, resetKernelCalls } from './counter.js';
export type { DeviceOptions } from './gpu/device.js';
export { type GpuReport, inspectGpu, type SubgroupMatrixConfig } from './gpu/inspect.js';
export { type TileTable, tileTable, useTiles } from './product/tileTable.js';
export type { TileQuestion } from './product/tuning.js';
export { type RegisterOptions, registerWebGpuBackend, type WebGpuBackendInfo } from './register.js';
