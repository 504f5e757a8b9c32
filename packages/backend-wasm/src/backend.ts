import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from './engine.js';

/** The name under which the backend registers with TensorFlow.js. */
export const WASM_BACKEND = 'crln-wasm';

/** What a numeric tensor's elements are stored in: float32, int32, bool. */
export type Numbers = Float32Array | Int32Array | Uint8Array;
export type Stored<D extends DataType> = D extends 'float32'
  ? Float32Array
  : D extends 'int32'
    ? Int32Array
    : Uint8Array;
type DataId = TensorInfo['dataId'];

/**
 * TensorFlow.js's CPU backend with our kernels in place of the slow ones.
 *
 * What our kernels make lies in one shared WebAssembly memory, and a tensor's values are a view of it, which every stock kernel
 * reads like any other array. What stock kernels or users make is an ordinary array, and moves into the memory when one of
 * our kernels first needs it there. A block lives as long as some tensor's values begin at its start; a stock kernel that hands
 * out a part of its input's array (`subarray`) gets a copy of that part.
 */
export class CrlnWasmBackend extends MathBackendCPU {
  constructor() {
    super();
    // The parent greets the first tensor with advice to install tfjs-node; the field is private to it.
    (this as unknown as { firstUse: boolean }).firstUse = false;
  }

  override write(...[values, shape, dtype]: Parameters<MathBackendCPU['write']>): DataId {
    const { heap } = engine();
    let kept = values;
    if (ArrayBuffer.isView(values) && heap.owns(values) && !heap.retain(values.byteOffset)) {
      kept = (values as Float32Array).slice();
    }
    return super.write(kept, shape, dtype);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const { heap, filters } = engine();
    const values = this.data.has(dataId) ? this.data.get(dataId).values : undefined;
    const gone = super.disposeData(dataId, force);
    if (gone) filters.forget(dataId);
    if (gone && ArrayBuffer.isView(values) && heap.owns(values)) heap.release(values.byteOffset);
    return gone;
  }

  override readSync(dataId: DataId): ReturnType<MathBackendCPU['readSync']> {
    const values = super.readSync(dataId);
    return ArrayBuffer.isView(values) && engine().heap.owns(values) ? (values as Float32Array).slice() : values;
  }

  override async read(dataId: DataId): Promise<ReturnType<MathBackendCPU['readSync']>> {
    return this.readSync(dataId);
  }

  /**
   * A tensor's elements in the shared memory (float32, int32, or bytes of a bool), moved there if they are not: never write to them.
   * A tensor without numbers gives nothing.
   */
  resident(tensor: TensorInfo, kernel: string): Numbers | undefined {
    const record = this.data.get(tensor.dataId);
    const { values } = record as { values: unknown };
    if (!(values instanceof Float32Array || values instanceof Int32Array || values instanceof Uint8Array))
      return undefined;
    const { heap } = engine();
    const Kind = storage(tensor.dtype);
    if (values instanceof Kind && heap.owns(values)) return values;
    const moved = this.room(tensor.dtype, values.length, { kernel, shape: tensor.shape });
    moved.set(values);
    // Stock Cast lets a float32 tensor share an int32 tensor's elements: those stay what they are.
    if (values instanceof Kind) {
      heap.retain(moved.byteOffset);
      record.values = moved;
    }
    return moved;
  }

  /** An array in the shared memory, its content undefined, free after the kernel call unless a tensor adopts it. */
  room(dtype: DataType, size: number, purpose: { kernel: string; shape: readonly number[] }): Numbers {
    const { heap } = engine();
    if (dtype === 'float32') return heap.floats(size, purpose);
    return dtype === 'int32' ? heap.ints(size, purpose) : heap.bytes(size, purpose);
  }
}

const storage = (dtype: DataType) => (dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array);
