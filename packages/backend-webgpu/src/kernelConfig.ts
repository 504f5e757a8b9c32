import { CrlnError } from '@crln/core';
import { type DataType, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type CrlnWebGpuBackend, WEBGPU_BACKEND } from './backend.js';
import { countCall } from './counter.js';
import { withHalves } from './gpu/halves.js';
import type { Block } from './gpu/pool.js';
import type { Shader, Size } from './gpu/shader.js';

/** A tensor, or a buffer that only this call knows. */
export type Operand = TensorInfo | Block;

/** What a kernel sees of one call. All members may be destructured. */
export interface KernelCall<Inputs, Attrs> {
  readonly inputs: Inputs;
  readonly attrs: Attrs;
  readonly backend: CrlnWebGpuBackend;
  /**
   * A new tensor for this call's shaders to write: where the backend keeps activations in half precision, one of those is stored so. The
   * shaders compute in f32 in either case.
   */
  output(shape: readonly number[], dtype?: DataType): TensorInfo;
  /** A tensor of other shape and type over the same elements. */
  alias(x: TensorInfo, shape: readonly number[], dtype?: DataType): TensorInfo;
  /** A new tensor of these values. */
  constant(values: Float32Array | Int32Array, shape: readonly number[], dtype?: DataType): TensorInfo;
  /** A buffer of `count` four-byte elements that is free when the call ends. */
  scratch(count: number): Block;
  /** Lets a buffer of {@link scratch} outlive the call: whoever asks for it releases it. */
  keep(block: Block): void;
  /** The same with these values in it. */
  table(values: Float32Array | Int32Array | Uint32Array): Block;
  /** A tensor's numbers as f32, however it is stored. */
  exact(x: TensorInfo): Operand;
  /** A tensor's values where they are known without reading back: such as a scalar that the program made. */
  known(x: TensorInfo): ArrayLike<number> | undefined;
  /**
   * Records one run of a shader. Operands and parameters are given by the names that the shader has for them; all must be there.
   * @param groups workgroups along x, y and z
   */
  run(shader: Shader, operands: Record<string, Operand>, params: Record<string, number>, groups: Size): void;
}

/**
 * Whether a kernel's activations are stored in half precision where the backend does that: convolutions begin it, what follows goes on
 * with it, and a filter's gradient, which has the rank of an activation, is none.
 */
export type Halves = 'always' | 'as inputs' | 'never';

/** Fewer channels than this are no activations of a hidden layer but probabilities, or an image. */
const LEAST_CHANNELS = 8;

/**
 * A kernel of this backend as TensorFlow.js registers it.
 *
 * @example
 * const relu = defineKernel<{ x: TensorInfo }>('Relu', ({ inputs: { x }, output, run }) => {
 *   const y = output(x.shape);
 *   const size = util.sizeFromShape(x.shape);
 *   run(RELU(), { x, y }, { size }, flatGroups(size, 256));
 *   return y;
 * });
 */
export function defineKernel<Inputs extends object, Attrs extends object = object>(
  kernelName: string,
  work: (call: KernelCall<Inputs, Attrs>) => TensorInfo | TensorInfo[],
  halves: Halves = 'as inputs',
): KernelConfig {
  return {
    kernelName,
    backendName: WEBGPU_BACKEND,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const call = new Call(kernelName, inputs as Inputs, (attrs ?? {}) as Attrs, backend as CrlnWebGpuBackend, halves);
      let done = false;
      try {
        const outputs = work(call);
        done = true;
        countCall(kernelName);
        return outputs;
      } finally {
        call.end(done);
      }
    },
  };
}

class Call<Inputs, Attrs> implements KernelCall<Inputs, Attrs> {
  readonly #scratch: Block[] = [];
  readonly #outputs: TensorInfo[] = [];

  constructor(
    readonly kernelName: string,
    readonly inputs: Inputs,
    readonly attrs: Attrs,
    readonly backend: CrlnWebGpuBackend,
    readonly halves: Halves,
  ) {}

  readonly output = (shape: readonly number[], dtype: DataType = 'float32'): TensorInfo => {
    const purpose = { kernel: this.kernelName, shape };
    const half = dtype === 'float32' && this.#storesHalf(shape);
    const block = this.backend.take((half ? 2 : 4) * Math.max(util.sizeFromShape(shape as number[]), 1), purpose);
    const tensor = this.backend.adopt(block, [...shape], dtype, half);
    this.#outputs.push(tensor);
    return tensor;
  };

  #storesHalf(shape: readonly number[]): boolean {
    const { backend, halves, inputs } = this;
    if (backend.precision === 'f32' || halves === 'never') return false;
    if (shape.length !== 5 || shape[4]! < LEAST_CHANNELS) return false;
    if (halves === 'always') return true;
    return Object.values(inputs as object).some((x: TensorInfo | undefined) => x && backend.isHalf(x));
  }

  readonly alias = ({ dataId, dtype: own }: TensorInfo, shape: readonly number[], dtype = own): TensorInfo => {
    this.backend.incRef(dataId);
    return { dataId, shape: [...shape], dtype };
  };

  readonly constant = (
    values: Float32Array | Int32Array,
    shape: readonly number[],
    dtype: DataType = values instanceof Int32Array ? 'int32' : 'float32',
  ): TensorInfo => ({ dataId: this.backend.write(values, [...shape], dtype), shape: [...shape], dtype });

  readonly scratch = (count: number): Block => {
    const block = this.backend.take(4 * Math.max(count, 1), { kernel: this.kernelName, shape: [count] });
    this.#scratch.push(block);
    return block;
  };

  readonly keep = (block: Block): void => {
    this.#scratch.splice(this.#scratch.indexOf(block), 1);
  };

  readonly table = (values: Float32Array | Int32Array | Uint32Array): Block => {
    const block = this.scratch(values.length);
    this.backend.recorder.upload(values, block);
    return block;
  };

  readonly exact = (x: TensorInfo): Operand => {
    if (!this.backend.isHalf(x)) return x;
    const block = this.backend.widened(x, this.kernelName);
    this.#scratch.push(block);
    return block;
  };

  readonly known = (x: TensorInfo): ArrayLike<number> | undefined => this.backend.known(x);

  readonly run = (
    shader: Shader,
    operands: Record<string, Operand>,
    params: Record<string, number>,
    groups: Size,
  ): void => {
    const halves: string[] = [];
    const blocks = shader.bindings.map((name) => {
      const operand = operands[name];
      if (!operand) throw new CrlnError('internal', `${this.kernelName}: shader ${shader.key} was given no ${name}`);
      if (!('dataId' in operand)) return operand;
      if (this.backend.isHalf(operand)) halves.push(name);
      return this.backend.block(operand, this.kernelName);
    });
    const values = Object.keys(shader.params ?? {}).map((name) => {
      const value = params[name];
      if (value === undefined)
        throw new CrlnError('internal', `${this.kernelName}: shader ${shader.key} was given no ${name}`);
      return value;
    });
    this.backend.recorder.dispatch(halves.length ? withHalves(shader, halves) : shader, blocks, values, groups);
  };

  /** Lets go of the scratch space (what was recorded runs before anything that takes it next), and where the kernel failed of its outputs. */
  end(done: boolean): void {
    for (const block of this.#scratch) this.backend.pool.release(block);
    if (!done) for (const { dataId } of this.#outputs) this.backend.disposeData(dataId);
  }
}
