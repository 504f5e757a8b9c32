import { CrlnError } from '@crln/core';
import { type DataType, getKernel, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type CrlnWasmBackend, WASM_BACKEND } from './backend.js';
import { countCall } from './counter.js';
import { engine } from './engine.js';

/** What a kernel sees of one call. All members may be destructured. */
export interface KernelCall<Inputs, Attrs> {
  readonly inputs: Inputs;
  readonly attrs: Attrs;
  readonly backend: CrlnWasmBackend;
  /** The tensor's elements as float32: the tensor's own array where it is one (never write to it), else a converted copy. */
  values(tensor: TensorInfo): Float32Array;
  /** The same for an int32 (or bool) tensor. */
  ints(tensor: TensorInfo): Int32Array;
  /** The tensor's elements in the shared memory, as float32 (`byteOffset` is the pointer for our kernels); never write to them. */
  floats(tensor: TensorInfo): Float32Array;
  /** A float32 array in the shared memory, its content undefined: scratch space, or an output's values once {@link KernelCall.output} took it. */
  room(shape: readonly number[]): Float32Array;
  /**
   * A new tensor that owns `values` (zeros where left out), best an array of {@link KernelCall.room}. Fill the array before or after,
   * but never hand out an input's array: use `backend.incRef` as stock Identity does.
   */
  output(shape: readonly number[], values?: Float32Array | Int32Array, dtype?: DataType): TensorInfo;
  /** Runs the kernel that the stock `cpu` backend has under this name, for cases that ours does not take. It does not count. */
  stock(): TensorInfo | TensorInfo[];
}

/**
 * A kernel of this backend as TensorFlow.js registers it. `run` gets the typed arrays of its inputs and makes its outputs; the
 * call is counted unless `run` went back to the stock kernel.
 *
 * @example
 * const relu = defineKernel<{ x: TensorInfo }>('Relu', ({ inputs: { x }, values, output }) => {
 *   const y = new Float32Array(util.sizeFromShape(x.shape));
 *   …
 *   return output(x.shape, y);
 * });
 */
export function defineKernel<Inputs extends object, Attrs extends object = object>(
  kernelName: string,
  run: (call: KernelCall<Inputs, Attrs>) => TensorInfo | TensorInfo[],
): KernelConfig {
  return {
    kernelName,
    backendName: WASM_BACKEND,
    kernelFunc: (params) => {
      const backend = params.backend as CrlnWasmBackend;
      let ours = true;
      const { heap } = engine();
      const result = heap.call(() =>
        run({
          inputs: params.inputs as unknown as Inputs,
          attrs: (params.attrs ?? {}) as unknown as Attrs,
          backend,
          values: (tensor) => floats(backend, tensor, kernelName),
          ints: (tensor) => integers(backend, tensor, kernelName),
          floats: (tensor) => residentFloats(backend, tensor, kernelName),
          room: (shape) => heap.floats(util.sizeFromShape([...shape]), { kernel: kernelName, shape }),
          output: (shape, values, dtype = values instanceof Int32Array ? 'int32' : 'float32') =>
            backend.makeTensorInfo([...shape], dtype, values ?? emptyArray(shape, dtype)),
          stock: () => {
            ours = false;
            const stock = getKernel(kernelName, 'cpu');
            if (!stock)
              throw new CrlnError('internal', `${kernelName}: the stock cpu backend has no such kernel`, {
                kernelName,
              });
            return stock.kernelFunc(params);
          },
        }),
      );
      if (ours) countCall(kernelName);
      return result;
    },
  };
}

function emptyArray(shape: readonly number[], dtype: DataType): Float32Array | Int32Array {
  const size = util.sizeFromShape([...shape]);
  return dtype === 'float32' ? new Float32Array(size) : new Int32Array(size);
}

function stored(backend: CrlnWasmBackend, tensor: TensorInfo, kernelName: string) {
  const { values } = backend.data.get(tensor.dataId);
  if (values === undefined || tensor.dtype === 'string' || tensor.dtype === 'complex64') {
    throw new CrlnError(
      'invalid-data',
      `${kernelName}: expected a real numeric tensor, got ${tensor.dtype} [${tensor.shape}]`,
      { kernelName, dtype: tensor.dtype, shape: tensor.shape },
    );
  }
  return values as Float32Array | Int32Array | Uint8Array;
}

function residentFloats(backend: CrlnWasmBackend, tensor: TensorInfo, kernelName: string): Float32Array {
  if (tensor.dtype === 'float32') stored(backend, tensor, kernelName);
  const values = tensor.dtype === 'float32' ? backend.resident(tensor, kernelName) : undefined;
  if (values instanceof Float32Array) return values;
  const converted = engine().heap.floats(util.sizeFromShape(tensor.shape), { kernel: kernelName, shape: tensor.shape });
  converted.set(stored(backend, tensor, kernelName));
  return converted;
}

function floats(backend: CrlnWasmBackend, tensor: TensorInfo, kernelName: string): Float32Array {
  const values = stored(backend, tensor, kernelName);
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

function integers(backend: CrlnWasmBackend, tensor: TensorInfo, kernelName: string): Int32Array {
  const values = stored(backend, tensor, kernelName);
  return values instanceof Int32Array ? values : Int32Array.from(values);
}
