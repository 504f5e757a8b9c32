/**
 * A TensorFlow.js backend whose 3-D kernels run in WebAssembly SIMD.
 * @packageDocumentation
 */
export { WASM_BACKEND } from './backend.js';
export { kernelCalls, resetKernelCalls } from './counter.js';
export { type BuildChoice, type BuildName, buildName, wasmMemoryBytes } from './engine.js';
export { type MatmulOptions, matmul } from './matmul.js';
export { type KernelProfile, type Profile, profileKernels } from './profile.js';
export { type RegisterOptions, registerWasmBackend, type WasmBackendInfo } from './register.js';
