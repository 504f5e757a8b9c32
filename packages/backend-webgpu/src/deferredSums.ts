import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Block, Pool } from './gpu/pool.js';

type DataId = TensorInfo['dataId'];

/** Sums in parts that nobody has added up yet: they stand for the values of a tensor, so that a kernel that reads it may add them itself. */
export interface DeferredSum {
  /** Arrays of `size` floats, one behind the other. */
  parts: Block;
  count: number;
  size: number;
  /** Of the last axis, still to be added. */
  bias?: TensorInfo | undefined;
  /** Adds them up into the tensor. */
  finish(): void;
}

/** Which tensors' values are sums in parts. The parts go back to the pool with the sum, unless that is taken. */
export class DeferredSums {
  readonly #pool: Pool;
  readonly #sums = new Map<DataId, DeferredSum>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  set({ dataId }: TensorInfo, sum: DeferredSum): void {
    this.#sums.set(dataId, sum);
  }

  /** That of a tensor, unless it is seen in a shape whose last axis is not the bias's. */
  get({ dataId, shape }: TensorInfo): DeferredSum | undefined {
    const sum = this.#sums.get(dataId);
    return sum?.bias && sum.bias.shape[0] !== shape.at(-1) ? undefined : sum;
  }

  /** Hands it over, with its parts. */
  take({ dataId }: TensorInfo): DeferredSum | undefined {
    const sum = this.#sums.get(dataId);
    this.#sums.delete(dataId);
    return sum;
  }

  /** Adds it up, if there is one. */
  finish(dataId: DataId): void {
    const sum = this.#sums.get(dataId);
    if (!sum) return;
    this.#sums.delete(dataId);
    sum.finish();
    this.#pool.release(sum.parts);
  }

  /** The tensors whose sums are to have this bias. */
  having(bias: DataId): DataId[] {
    return [...this.#sums].flatMap(([result, sum]) => (sum.bias?.dataId === bias ? [result] : []));
  }

  /** Lets go of it, with its parts. */
  drop(dataId: DataId): void {
    const sum = this.#sums.get(dataId);
    if (sum) this.#pool.release(sum.parts);
    this.#sums.delete(dataId);
  }
}
