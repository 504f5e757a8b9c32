import { CrlnError } from '@crln/core';
import {
  type BackendTimingInfo,
  type BackendValues,
  DataStorage,
  type DataType,
  engine,
  KernelBackend,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { type DeferredSum, DeferredSums } from './deferredSums.js';
import type { Device } from './gpu/device.js';
import { withHalves } from './gpu/halves.js';
import { type Block, Pool, type Purpose } from './gpu/pool.js';
import { Recorder } from './gpu/recorder.js';
import { flatGroups, shader } from './gpu/shader.js';
import { type Stop, startStopwatch } from './gpu/stopwatch.js';
import type { MatrixUnit } from './product/matrixUnit.js';
import { type TileQuestion, tileQuestions } from './product/tuning.js';

/** The name under which the backend registers with TensorFlow.js. */
export const WEBGPU_BACKEND = 'crln-webgpu';

type DataId = TensorInfo['dataId'];
type Values = Float32Array | Int32Array | Uint8Array;

/** A tensor's elements: on the GPU, or still where the user put them, or both. On the GPU a bool is an int32. */
interface Stored {
  dtype: DataType;
  size: number;
  values: Values | undefined;
  block: Block | undefined;
  /** Whether the block holds f16. */
  half: boolean;
  references: number;
  /** Its sums over all axes but the last, where the kernel that made it knows them. */
  channelSums?: ChannelSums | undefined;
}

interface ChannelSums {
  block: Block;
  channels: number;
}

/** How activations are stored. Sums, weights, their gradients and all that is small are f32 in either. */
export type Precision = 'f32' | 'f16';

/** Values of tensors up to this size are kept where they are when they move to the GPU, so that kernels can take them as parameters. */
const KEPT = 16;

/**
 * A TensorFlow.js backend of this package's own kernels alone. Not built on TensorFlow.js's: that one's rank-5 operations return zeros
 * or garbage in silence, it refuses to start outside a browser, and it holds all buffers of a step until it is submitted.
 * An operation without a kernel here throws.
 *
 * Values are read asynchronously (`await tensor.data()`); reading what is on the GPU with `dataSync` throws.
 */
export class CrlnWebGpuBackend extends KernelBackend {
  readonly pool: Pool;
  readonly recorder: Recorder;
  readonly #data: DataStorage<Stored>;
  readonly #deferred: DeferredSums;
  readonly #poison: boolean;
  #precision: Precision = 'f32';
  /** What the GPU's subgroups multiply; used where activations are f16. */
  matrixUnit: MatrixUnit | undefined;
  #disposed = false;

  constructor(
    readonly device: Device,
    poison: boolean,
  ) {
    super();
    this.pool = new Pool(device);
    this.#deferred = new DeferredSums(this.pool);
    this.recorder = new Recorder(device);
    this.#data = new DataStorage(this, engine());
    this.#poison = poison;
  }

  /** How activations are stored that are made from now on. */
  get precision(): Precision {
    return this.#precision;
  }

  /** @throws CrlnError `backend-unavailable`, `invalid-option` */
  set precision(precision: Precision) {
    if (precision !== 'f32' && precision !== 'f16') {
      const message = `crln-webgpu: expected precision f32 or f16, got ${String(precision)}`;
      throw new CrlnError('invalid-option', message, { option: 'precision', value: precision });
    }
    if (precision === 'f16' && !this.device.gpu.features.has('shader-f16')) {
      throw new CrlnError(
        'backend-unavailable',
        'crln-webgpu: precision f16 needs a GPU with the feature shader-f16, which this one lacks; use precision f32',
        { precision, feature: 'shader-f16' },
      );
    }
    this.#precision = precision;
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    const id = {};
    this.move(id, values, shape, dtype, 1);
    return id;
  }

  override move(dataId: DataId, values: BackendValues, shape: number[], dtype: DataType, references: number): void {
    if (dtype === 'string' || dtype === 'complex64') {
      throw new CrlnError('invalid-data', `crln-webgpu: expected a real numeric tensor, got ${dtype} [${shape}]`, {
        dtype,
        shape,
      });
    }
    const size = util.sizeFromShape(shape);
    const given = values ? typed(values as ArrayLike<number>, dtype) : undefined;
    this.#data.set(dataId, { dtype, size, values: given, block: undefined, half: false, references });
  }

  /** A new tensor whose values a kernel writes into `block`, as f16 where `half`. */
  adopt(block: Block, shape: number[], dtype: DataType, half = false): TensorInfo {
    const dataId = {};
    this.#data.set(dataId, { dtype, size: util.sizeFromShape(shape), values: undefined, block, half, references: 1 });
    return { dataId, shape, dtype };
  }

  /** Whether a tensor's buffer holds f16. */
  isHalf({ dataId }: TensorInfo): boolean {
    return this.#data.get(dataId).half;
  }

  /** The numbers of a tensor of halves, as f32 in a buffer for the caller to release. */
  widened(x: TensorInfo, kernel: string): Block {
    const size = util.sizeFromShape(x.shape);
    const target = this.take(4 * size, { kernel, shape: x.shape });
    this.#widen(this.block(x, kernel), target, size);
    return target;
  }

  #widen(source: Block, target: Block, size: number): void {
    const count = Math.ceil(size / 4);
    this.recorder.dispatch(withHalves(WIDEN(), ['x']), [source, target], [count], flatGroups(count, 256));
  }

  /** A tensor's buffer; its values move there with the first call. */
  block({ dataId, shape }: TensorInfo, kernel: string): Block {
    this.#deferred.finish(dataId);
    const record = this.#data.get(dataId);
    if (!record.block) {
      record.block = this.pool.take(4 * record.size, { kernel, shape });
      const { values } = record;
      if (values) this.recorder.upload(values instanceof Uint8Array ? Int32Array.from(values) : values, record.block);
      if (record.size > KEPT) record.values = undefined;
    }
    return record.block;
  }

  /** Takes a sum that stands for a tensor's values from now on, with its buffer. */
  defer(x: TensorInfo, sum: DeferredSum): void {
    this.#deferred.set(x, sum);
  }

  /** The sum that stands for a tensor's values, if one does; it keeps standing for them. */
  deferred(x: TensorInfo): DeferredSum | undefined {
    return this.#deferred.get(x);
  }

  /** The same for a kernel that writes the tensor's values: whose buffer it is then. */
  takeDeferred(x: TensorInfo): DeferredSum | undefined {
    return this.#deferred.take(x);
  }

  /** Keeps the sums over all axes but the last of a tensor whose maker knows them, for a kernel that would compute them. */
  keepChannelSums({ dataId }: TensorInfo, sums: ChannelSums): void {
    this.#data.get(dataId).channelSums = sums;
  }

  /** Hands over what {@link keepChannelSums} keeps: to the caller alone. */
  takeChannelSums({ dataId }: TensorInfo, channels: number): Block | undefined {
    const record = this.#data.get(dataId);
    if (record.channelSums?.channels !== channels) return undefined;
    const { block } = record.channelSums;
    record.channelSums = undefined;
    return block;
  }

  /** A tensor's values where they are known without reading back. */
  known({ dataId }: TensorInfo): Values | undefined {
    return this.#data.get(dataId).values;
  }

  /** A buffer for a kernel to write. */
  take(bytes: number, purpose: Purpose): Block {
    const block = this.pool.take(bytes, purpose);
    if (this.#poison) {
      const count = block.bytes / 4;
      this.recorder.dispatch(POISON(), [block], [count], flatGroups(count, 256));
    }
    return block;
  }

  override refCount(dataId: DataId): number {
    return this.#data.has(dataId) ? this.#data.get(dataId).references : 0;
  }

  override incRef(dataId: DataId): void {
    this.#data.get(dataId).references++;
  }

  decRef(dataId: DataId): void {
    if (this.#data.has(dataId)) this.#data.get(dataId).references--;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.#data.has(dataId)) return true;
    const record = this.#data.get(dataId);
    record.references--;
    if (!force && record.references > 0) return false;
    if (!this.#disposed) {
      for (const result of this.#deferred.having(dataId)) this.#finishOrDrop(result);
      this.#deferred.drop(dataId);
      for (const block of [record.block, record.channelSums?.block]) if (block) this.pool.release(block);
    }
    this.#data.delete(dataId);
    return true;
  }

  /** Whatever is let go of after a device was lost, that it was lost is said where something is read. */
  #finishOrDrop(dataId: DataId): void {
    try {
      this.device.check();
    } catch {
      this.#deferred.drop(dataId);
      return;
    }
    this.#deferred.finish(dataId);
  }

  override numDataIds(): number {
    return this.#data.numDataIds();
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    this.#deferred.finish(dataId);
    const record = this.#data.get(dataId);
    const { dtype, size, values, block, half } = record;
    if (values) return values.slice();
    if (!block || size === 0) return typed([], dtype);
    const buffer = await (half ? this.#readWidened(block, size) : this.recorder.read(block, 4 * size));
    if (dtype === 'float32') return new Float32Array(buffer);
    const integers = new Int32Array(buffer);
    return dtype === 'int32' ? integers : Uint8Array.from(integers);
  }

  #readWidened(block: Block, size: number): Promise<ArrayBuffer> {
    const floats = this.take(4 * size, { kernel: 'read', shape: [size] });
    this.#widen(block, floats, size);
    const values = this.recorder.read(floats, 4 * size);
    this.pool.release(floats);
    return values;
  }

  override readSync(dataId: DataId): BackendValues {
    const { values, dtype, size } = this.#data.get(dataId);
    if (values) return values.slice();
    if (size === 0) return typed([], dtype);
    throw new CrlnError(
      'backend-unavailable',
      'crln-webgpu: what is on the GPU can only be read asynchronously: use await tensor.data() in place of dataSync()',
    );
  }

  /** Throws what went wrong on the device so far, once what compiles has compiled. */
  async settle(): Promise<void> {
    this.recorder.submit();
    await this.recorder.settle();
    await this.device.gpu.queue.onSubmittedWorkDone();
    this.device.check();
  }

  override memory() {
    const { allocated, used } = this.pool;
    const { dispatches } = this.recorder;
    return { unreliable: false, numBytesInGPU: used, numBytesInGPUAllocated: allocated, numDispatches: dispatches };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override timerAvailable(): boolean {
    return true;
  }

  /** What is best measured about the sizes of kernels on this device. */
  tileQuestions(): TileQuestion[] {
    return tileQuestions(this);
  }

  /** Starts measuring what the GPU does from here on; the function that comes back ends that and says how many milliseconds it took. */
  startStopwatch(): Stop {
    return startStopwatch(this.device, this.recorder);
  }

  /** For `tf.time` and `tf.profile`: how long the GPU took for what `work` recorded. */
  override async time(work: () => void): Promise<BackendTimingInfo> {
    const stop = this.startStopwatch();
    work();
    return { kernelMs: await stop() };
  }

  override dispose(): void {
    this.#disposed = true;
    this.device.close();
  }
}

const WIDEN = () =>
  shader('widen', () => ({
    inputs: { x: 'vec4<f32>' },
    outputs: { y: 'vec4<f32>' },
    params: { count: 'u32' },
    workgroup: [256],
    body: 'if (index < p.count) { y[index] = x[index]; }',
  }));

const POISON = () =>
  shader('poison', () => ({
    outputs: { y: 'u32' },
    params: { size: 'u32' },
    workgroup: [256],
    body: 'if (index < p.size) { y[index] = 0xffffffffu; }',
  }));

/** An array of what the type is stored in. */
function typed(values: ArrayLike<number>, dtype: DataType): Values {
  const Kind = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array;
  return values instanceof Kind ? values : Kind.from(values);
}
