import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';

/** The name under which the backend registers with TensorFlow.js. */
export const WASM_BACKEND = 'crln-wasm';

/**
 * TensorFlow.js's CPU backend with our kernels in place of the slow ones.
 *
 * Tensors stay ordinary JavaScript typed arrays in the parent's storage; a WebAssembly kernel copies its inputs into a scratch
 * arena and its output out of it. Stock kernels that alias their input's memory (`Slice` returns `values.subarray(...)`, `Reshape`
 * and `Identity` share the data) are therefore harmless: an array is never reused for another tensor, it only becomes garbage.
 * Whoever moves tensors into WebAssembly memory must override those kernels first.
 */
export class CrlnWasmBackend extends MathBackendCPU {
  constructor() {
    super();
    // The parent greets the first tensor with advice to install tfjs-node; the field is private to it.
    (this as unknown as { firstUse: boolean }).firstUse = false;
  }
}
