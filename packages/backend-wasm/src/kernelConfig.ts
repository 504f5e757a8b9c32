import { CrlnError } from '@crln/core';
import { type DataType, getKernel, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type CrlnWasmBackend, type Numbers, type Stored, WASM_BACKEND } from './backend.js';
import { countCall } from './counter.js';
import { engine } from './engine.js';

/** What a kernel sees of one call, while it runs. All members may be destructured. */
export interface KernelCall<Inputs, Attrs> {
  readonly inputs: Inputs;
  readonly attrs: Attrs;
  readonly backend: CrlnWasmBackend;
  /** The tensor's elements as float32: the tensor's own array where it is one (never write to it), else a converted copy. */
  values(tensor: TensorInfo): Float32Array;
  /** The tensor's elements in the shared memory, as float32 (`byteOffset` is the pointer for our kernels); never write to them. */
  floats(tensor: TensorInfo): Float32Array;
  /** The same as int32. */
  ints(tensor: TensorInfo): Int32Array;
  /** The same in the tensor's own type; nothing of strings and complex numbers. */
  resident(tensor: TensorInfo): Numbers | undefined;
  /**
   * An array in the shared memory as a tensor of this type (float32 unless said) is stored in, its content undefined: scratch space, or
   * an output's values once {@link KernelCall.output} took it.
   */
  room<D extends DataType = 'float32'>(shape: readonly number[], dtype?: D): Stored<D>;
  /**
   * A new tensor that owns `values`, best an array of {@link KernelCall.room}. Fill the array before or after,
   * but never hand out an input's array: use `backend.incRef` as stock Identity does.
   */
  output(shape: readonly number[], values: Numbers, dtype?: DataType): TensorInfo;
  /** Runs the kernel that the stock `cpu` backend has under this name, for cases that ours does not take. It does not count. */
  stock(): TensorInfo | TensorInfo[];
}

/**
 * A kernel of this backend as TensorFlow.js registers it. `run` gets the typed arrays of its inputs and makes its outputs; the
 * call is counted unless `run` went back to the stock kernel.
 *
 * @example
 * const relu = defineKernel<{ x: TensorInfo }>('Relu', ({ inputs: { x }, floats, room, output }) => {
 *   const xs = floats(x);
 *   const y = room(x.shape);
 *   …
 *   return output(x.shape, y);
 * });
 */
export function defineKernel<Inputs extends object, Attrs extends object = object>(
  kernelName: string,
  run: (call: KernelCall<Inputs, Attrs>) => TensorInfo | TensorInfo[],
): KernelConfig {
  const call = new Call<Inputs, Attrs>(kernelName);
  return {
    kernelName,
    backendName: WASM_BACKEND,
    kernelFunc: (params) => {
      call.begin(params);
      const outputs = engine().heap.call(run, call);
      if (call.ours) countCall(kernelName);
      return outputs;
    },
  };
}

type Params = Parameters<KernelConfig['kernelFunc']>[0];

/** One for all calls of a kernel: they are synchronous and not nested, so that no call needs functions of its own. */
class Call<Inputs, Attrs> implements KernelCall<Inputs, Attrs> {
  #params!: Params;
  inputs!: Inputs;
  attrs!: Attrs;
  backend!: CrlnWasmBackend;
  /** Whether our kernel did the work. */
  ours = true;

  constructor(readonly kernelName: string) {}

  begin(params: Params): void {
    this.#params = params;
    this.inputs = params.inputs as Inputs;
    this.attrs = (params.attrs ?? {}) as Attrs;
    this.backend = params.backend as CrlnWasmBackend;
    this.ours = true;
  }

  readonly values = (tensor: TensorInfo) => floats(this.backend, tensor, this.kernelName);
  readonly floats = (tensor: TensorInfo) => inMemory(this.backend, tensor, 'float32', this.kernelName);
  readonly ints = (tensor: TensorInfo) => inMemory(this.backend, tensor, 'int32', this.kernelName);
  readonly resident = (tensor: TensorInfo) => this.backend.resident(tensor, this.kernelName);
  readonly room = <D extends DataType = 'float32'>(shape: readonly number[], dtype?: D) => {
    const size = util.sizeFromShape(shape as number[]);
    return this.backend.room(dtype ?? 'float32', size, { kernel: this.kernelName, shape }) as Stored<D>;
  };
  readonly output = (
    shape: readonly number[],
    values: Numbers,
    dtype: DataType = values instanceof Int32Array ? 'int32' : 'float32',
  ) => this.backend.makeTensorInfo(shape as number[], dtype, values);
  readonly stock = () => {
    this.ours = false;
    const { kernelName } = this;
    const stock = getKernel(kernelName, 'cpu');
    if (!stock) {
      throw new CrlnError('internal', `${kernelName}: the stock cpu backend has no such kernel`, { kernelName });
    }
    return stock.kernelFunc(this.#params);
  };
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
  return values as Numbers;
}

/** A tensor's elements in the shared memory as float32 or int32: its own where it is of that type, else a copy for this call. */
function inMemory<D extends 'float32' | 'int32'>(
  backend: CrlnWasmBackend,
  tensor: TensorInfo,
  dtype: D,
  kernelName: string,
): Stored<D> {
  const values = stored(backend, tensor, kernelName);
  const own = tensor.dtype === dtype ? backend.resident(tensor, kernelName) : undefined;
  if (own) return own as Stored<D>;
  const copy = backend.room(dtype, values.length, { kernel: kernelName, shape: tensor.shape });
  copy.set(values);
  return copy as Stored<D>;
}

function floats(backend: CrlnWasmBackend, tensor: TensorInfo, kernelName: string): Float32Array {
  const values = stored(backend, tensor, kernelName);
  return values instanceof Float32Array ? values : Float32Array.from(values);
}
