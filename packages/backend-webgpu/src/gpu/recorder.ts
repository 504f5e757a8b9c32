import { CrlnError } from '@crln/core';
import type { Device } from './device.js';
import { MAP_READ, USAGE } from './flags.js';
import { type Block, rangeKey } from './pool.js';
import type { Shader, Size } from './shader.js';

/** Dispatches between two submissions: the GPU begins while the rest of a step is recorded. */
const BATCH = 48;
/** Caches are emptied when they hold this many entries. */
const MOST_CACHED = 20_000;

interface Pipeline {
  id: number;
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

/**
 * Records dispatches and copies in their order and hands them to the queue. Pipelines are kept by shader, parameters by their values
 * (a layer has the same ones at every step), bind groups by pipeline and buffers.
 */
export class Recorder {
  readonly #device: Device;
  readonly #mostCached: number;
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #params = new Map<string, Block>();
  readonly #groups = new Map<string, GPUBindGroup>();
  /** Compilations whose outcome is not known yet. */
  readonly #pending = new Set<Promise<void>>();
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #recorded = 0;
  #ids = 0;
  /** Buffers that go once what is recorded has been handed over. */
  #outdated: GPUBuffer[] = [];
  /** How many dispatches were recorded, ever. */
  dispatches = 0;

  constructor(device: Device, mostCached = MOST_CACHED) {
    this.#device = device;
    this.#mostCached = mostCached;
  }

  /** One run of a shader. `blocks` in the order of its bindings. */
  dispatch(shader: Shader, blocks: readonly Block[], params: readonly number[], groups: Size): void {
    const [x, y = 1, z = 1] = groups;
    if (x * y * z === 0) return;
    this.#device.check();
    const pipeline = this.#pipelines.get(shader.key) ?? this.#compile(shader);
    const uniform = params.length > 0 ? this.#uniform(shader, params) : undefined;
    let key = `${pipeline.id}`;
    for (const block of blocks) key += `,${rangeKey(block)}`;
    if (uniform) key += `,u${uniform.id}`;
    let group = this.#groups.get(key);
    if (!group) {
      const bound = uniform ? [...blocks, uniform] : blocks;
      group = this.#device.gpu.createBindGroup({
        layout: pipeline.layout,
        entries: bound.map(({ buffer, offset, bytes, whole }, binding) => ({
          binding,
          resource: whole ? { buffer, offset, size: bytes } : { buffer },
        })),
      });
      if (this.#groups.size >= this.#mostCached) this.#groups.clear();
      this.#groups.set(key, group);
    }
    this.#pass ??= this.#open().beginComputePass();
    this.#pass.setPipeline(pipeline.pipeline);
    this.#pass.setBindGroup(0, group);
    this.#pass.dispatchWorkgroups(x, y, z);
    this.dispatches++;
    if (++this.#recorded >= BATCH) this.submit();
  }

  /** Puts values into a buffer, after all that is recorded and before all that will be. */
  upload(values: ArrayBufferView, target: Block): void {
    const size = Math.ceil(values.byteLength / 4) * 4;
    if (size === 0) return;
    const staging = this.#device.gpu.createBuffer({ size, usage: USAGE.copySource, mappedAtCreation: true });
    new Uint8Array(staging.getMappedRange()).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    staging.unmap();
    this.#copies().copyBufferToBuffer(staging, 0, target.buffer, target.offset, size);
    this.#outdated.push(staging);
  }

  /** Copies bytes between buffers, in order. Offsets, which count from where a block begins, and size are multiples of 4. */
  copy(from: Block, fromByte: number, to: Block, toByte: number, bytes: number): void {
    if (bytes === 0) return;
    this.#copies().copyBufferToBuffer(from.buffer, from.offset + fromByte, to.buffer, to.offset + toByte, bytes);
  }

  /** Notes when the GPU is done with all that is recorded. */
  stamp(times: GPUQuerySet, index: number): void {
    this.#copies()
      .beginComputePass({ timestampWrites: { querySet: times, endOfPassWriteIndex: index } })
      .end();
  }

  /** Writes what {@link stamp} noted into a buffer. */
  resolve(times: GPUQuerySet, target: GPUBuffer): void {
    this.#copies().resolveQuerySet(times, 0, times.count, target, 0);
  }

  /** The first bytes of a buffer, once all that is recorded has run. */
  async read(source: Block, bytes: number): Promise<ArrayBuffer> {
    const size = Math.ceil(bytes / 4) * 4;
    const staging = this.#device.gpu.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyTarget });
    this.#copies().copyBufferToBuffer(source.buffer, source.offset, staging, 0, size);
    this.submit();
    await this.settle();
    try {
      await staging.mapAsync(MAP_READ);
    } catch (cause) {
      this.#device.check();
      throw new CrlnError('internal', `crln-webgpu: could not read back: ${(cause as Error).message}`, {}, { cause });
    }
    this.#device.check();
    const values = staging.getMappedRange().slice(0, bytes);
    staging.unmap();
    staging.destroy();
    return values;
  }

  /** Waits until what compiles has compiled, and throws what went wrong. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
    this.#device.check();
  }

  /** Hands over what is recorded. */
  submit(): void {
    this.#pass?.end();
    this.#pass = undefined;
    this.#recorded = 0;
    if (!this.#encoder) return;
    this.#device.gpu.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    for (const buffer of this.#outdated) buffer.destroy();
    this.#outdated = [];
  }

  #open(): GPUCommandEncoder {
    this.#encoder ??= this.#device.gpu.createCommandEncoder();
    return this.#encoder;
  }

  #copies(): GPUCommandEncoder {
    this.#pass?.end();
    this.#pass = undefined;
    return this.#open();
  }

  /** A bad shader would otherwise give zeros in silence: what the device says of it fails the next read. */
  #compile(shader: Shader): Pipeline {
    const { gpu } = this.#device;
    gpu.pushErrorScope('validation');
    const module = gpu.createShaderModule({ code: shader.code, label: shader.key });
    const pipeline = gpu.createComputePipeline({
      layout: 'auto',
      compute: { module, entryPoint: 'main' },
      label: shader.key,
    });
    const layout = pipeline.getBindGroupLayout(0);
    const outcome = gpu.popErrorScope().then((error) => {
      if (error)
        this.#device.fail(
          new CrlnError('internal', `crln-webgpu: shader ${shader.key}: ${error.message}`, { shader: shader.key }),
        );
    });
    this.#pending.add(outcome);
    void outcome.finally(() => this.#pending.delete(outcome));
    const compiled = { id: ++this.#ids, pipeline, layout };
    this.#pipelines.set(shader.key, compiled);
    return compiled;
  }

  #uniform({ params = {} }: Shader, values: readonly number[]): Block {
    const types = Object.values(params);
    // A whole number's bits differ from the same float's.
    const key = `${types.join('')}:${values.join()}`;
    const found = this.#params.get(key);
    if (found) return found;
    const bytes = Math.ceil(types.length / 4) * 16;
    const buffer = this.#device.gpu.createBuffer({ size: bytes, usage: USAGE.uniform, mappedAtCreation: true });
    const view = new DataView(buffer.getMappedRange());
    types.forEach((type, i) => {
      const value = values[i] as number;
      if (type === 'f32') view.setFloat32(4 * i, value, true);
      else if (type === 'i32') view.setInt32(4 * i, value, true);
      else view.setUint32(4 * i, value, true);
    });
    buffer.unmap();
    if (this.#params.size >= this.#mostCached) {
      for (const old of this.#params.values()) this.#outdated.push(old.buffer);
      this.#params.clear();
      this.#groups.clear();
    }
    const block = { id: ++this.#ids, buffer, offset: 0, bytes };
    this.#params.set(key, block);
    return block;
  }
}
