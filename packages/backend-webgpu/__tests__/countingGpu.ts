import { vi } from 'vitest';
import { type Precision, registerWebGpuBackend } from '../src/index.js';

/** What WebGPU grants everywhere, but for larger buffers. */
const limits = {
  maxBufferSize: 2 ** 31 - 4,
  maxStorageBufferBindingSize: 2 ** 31 - 4,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
};

/**
 * Registers our backend on a device that takes all that is recorded and computes nothing, so that what a step of any size records can be
 * counted, in no time and without a GPU. All values are 0.
 */
export async function registerCountingGpu(precision: Precision = 'f32'): Promise<void> {
  const buffer = ({ size }: { size: number }) => ({
    ...{ size, getMappedRange: () => new ArrayBuffer(size), mapAsync: async () => {} },
    ...{ unmap() {}, destroy() {} },
  });
  const pass = { setPipeline() {}, setBindGroup() {}, dispatchWorkgroups() {}, end() {} };
  const encoder = { beginComputePass: () => pass, copyBufferToBuffer() {}, finish: () => ({}) };
  const device = {
    ...{ features: new Set(['shader-f16']), limits, lost: new Promise(() => {}), addEventListener() {}, destroy() {} },
    ...{ createBuffer: buffer, createShaderModule: () => ({}), createBindGroup: () => ({}) },
    createComputePipeline: () => ({ getBindGroupLayout: () => ({}) }),
    createCommandEncoder: () => encoder,
    ...{ pushErrorScope() {}, popErrorScope: async () => null },
    queue: { submit() {}, onSubmittedWorkDone: async () => {} },
  };
  const adapter = {
    features: new Set(['shader-f16']),
    limits,
    info: { vendor: 'none' },
    requestDevice: async () => device,
  };
  vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => adapter } });
  await registerWebGpuBackend({ precision });
  vi.unstubAllGlobals();
}
