import type { Triple } from '@crln/core';
import type { LossKernels } from './lossKernels.js';

/** What a call of a shared kernel ends with: units `from` … `to` − 1 of its work, done by thread `thread` (0: the caller). */
export type Unit = [from: number, to: number, thread: number];

/** Channels; sizes of x and y; window, strides and the padding before each axis. */
type PoolWords = [channels: number, ...x: Triple, ...y: Triple, ...window: Triple, ...strides: Triple, ...pads: Triple];

/** What elementwise kernels end with. */
type Elements = [size: number, units: number, ...Unit];

/** Kernels whose units threads share, by {@link Engine.run}. Numbers are pointers or whole numbers unless said. See assembly/. */
interface SharedWasmKernels extends LossKernels {
  binary(
    ...call: [
      ...[operation: number, ints: number, a: number, b: number, y: number, aView: number, bView: number],
      scratch: number,
      ...Elements,
    ]
  ): void;
  /** Numbers p and q are float32. */
  unary(...call: [operation: number, x: number, y: number, p: number, q: number, ...Elements]): void;
  cast(...call: [conversion: number, x: number, y: number, ...Elements]): void;
  select(...call: [condition: number, t: number, e: number, y: number, ...Elements]): void;
  logical(...call: [operation: number, a: number, b: number, y: number, ...Elements]): void;
  copyBox(
    ...call: [source: number, target: number, elementBytes: number, axes: number, rank: number, ...Elements]
  ): void;
  permute(
    ...call: [
      ...[source: number, target: number, elementBytes: number, rows: number, toRow: number, columns: number],
      ...[fromColumn: number, axes: number, rank: number, matrices: number, rowSlabs: number, columnSlabs: number],
      units: number,
      ...Unit,
    ]
  ): void;
  takeRows(
    ...call: [
      ...[x: number, indices: number, y: number, outer: number, size: number, count: number, rowBytes: number],
      units: number,
      ...Unit,
    ]
  ): void;
  /** The divisor is a float64. */
  sums(
    ...call: [
      ...[x: number, y: number, partials: number, scratch: number, ints: number, outer: number, reduced: number],
      ...[inner: number, parts: number, slices: number, divisor: number, units: number],
      ...Unit,
    ]
  ): void;
  scan(
    ...call: [
      ...[x: number, y: number, starts: number, ints: number, exclusive: number, reverse: number, outer: number],
      ...[count: number, inner: number, parts: number, units: number],
      ...Unit,
    ]
  ): void;
  maxima(
    ...call: [x: number, y: number, ints: number, rows: number, width: number, parts: number, units: number, ...Unit]
  ): void;
  argMax(...call: [x: number, y: number, ints: number, rows: number, width: number, units: number, ...Unit]): void;
  softmax(...call: [x: number, y: number, rows: number, width: number, units: number, ...Unit]): void;
  lookUp(
    ...call: [...[table: number, span: number, width: number, values: number, first: number, y: number], ...Elements]
  ): void;
  gather(job: number, ...unit: Unit): void;
  filterSums(job: number, ...unit: Unit): void;
  moments(x: number, centres: number, sums: number, lanes: number, ...unit: Unit): void;
  normalise(x: number, y: number, tables: number, least: number, lanes: number, ...unit: Unit): void;
  gradientSums(dy: number, x: number, tables: number, least: number, sums: number, lanes: number, ...unit: Unit): void;
  gradientMix(dy: number, x: number, dx: number, tables: number, least: number, lanes: number, ...unit: Unit): void;
  affineGrad(
    dy: number,
    x: number,
    y: number,
    dx: number,
    scales: number,
    sums: number,
    lanes: number,
    ...unit: Unit
  ): void;
  channelSums(x: number, sums: number, lanes: number, ...unit: Unit): void;
  layerNorm(
    x: number,
    gamma: number,
    beta: number,
    y: number,
    mean: number,
    rstd: number,
    rows: number,
    width: number,
    epsilon: number,
    perUnit: number,
    ...unit: Unit
  ): void;
  layerNormGrad(
    dy: number,
    x: number,
    gamma: number,
    mean: number,
    rstd: number,
    dx: number,
    sums: number,
    rows: number,
    width: number,
    perUnit: number,
    ...unit: Unit
  ): void;
  winogradFilter(
    source: number,
    order: number,
    tapStride: number,
    rowStride: number,
    columnStride: number,
    transformed: number,
    inChannels: number,
    outChannels: number,
    scratch: number,
    ...unit: Unit
  ): void;
  winograd(
    x: number,
    filter: number,
    bias: number,
    y: number,
    depth: number,
    height: number,
    width: number,
    inChannels: number,
    outDepth: number,
    outHeight: number,
    outWidth: number,
    outChannels: number,
    front: number,
    top: number,
    left: number,
    unitSteps: number,
    unitTiles: number,
    unitChannels: number,
    scratch: number,
    ...unit: Unit
  ): void;
  winogradGrad(
    x: number,
    dy: number,
    sums: number,
    batch: number,
    depth: number,
    height: number,
    width: number,
    inChannels: number,
    outDepth: number,
    outHeight: number,
    outWidth: number,
    outChannels: number,
    front: number,
    top: number,
    left: number,
    rows: number,
    columns: number,
    unitSteps: number,
    unitTiles: number,
    unitBlocks: number,
    scratch: number,
    ...unit: Unit
  ): void;
  winogradGradEnd(
    sums: number,
    dw: number,
    inChannels: number,
    outChannels: number,
    rows: number,
    columns: number,
    shares: number,
    ...unit: Unit
  ): void;
  maxPool(
    ...call: [
      x: number,
      y: number,
      scratch: number,
      scratchBytes: number,
      total: number,
      rows: number,
      ...PoolWords,
      ...Unit,
    ]
  ): void;
  maxPoolGrad(
    ...call: [dy: number, x: number, y: number, dx: number, slabs: number, windows: number, ...PoolWords, ...Unit]
  ): void;
  gatherAxes(
    x: number,
    y: number,
    sampleBytes: number,
    depth: number,
    height: number,
    runs: number,
    runCount: number,
    outDepth: number,
    outHeight: number,
    rowElements: number,
    fill: number,
    total: number,
    rows: number,
    ...unit: Unit
  ): void;
  gatherVoxels(
    x: number,
    index: number,
    y: number,
    wrong: number,
    voxels: number,
    channels: number,
    fill: number,
    total: number,
    rows: number,
    ...unit: Unit
  ): void;
  resample(
    x: number,
    y: number,
    scratch: number,
    scratchBytes: number,
    pairs: number,
    sampleBytes: number,
    depth: number,
    depthEntries: number,
    height: number,
    heightEntries: number,
    width: number,
    widthEntries: number,
    outDepth: number,
    outHeight: number,
    outWidth: number,
    sourceWidth: number,
    channels: number,
    direct: number,
    total: number,
    rows: number,
    ...unit: Unit
  ): void;
}

/** Kernels that one thread runs. */
export interface WasmKernels extends SharedWasmKernels {
  packFilter(
    source: number,
    packed: number,
    order: number,
    tapCount: number,
    rows: number,
    columns: number,
    tapStride: number,
    rowStride: number,
    columnStride: number,
  ): void;
  addPartials(
    sums: number,
    sumBytes: number,
    partials: number,
    to: number,
    groups: number,
    rows: number,
    paddedRows: number,
    columns: number,
    paddedColumns: number,
  ): void;
  transpose(source: number, to: number, rows: number, columns: number): void;
  addParts(
    ...call: [
      ...[partials: number, y: number, ints: number, outer: number, parts: number, inner: number, divisor: number],
    ]
  ): void;
  partStarts(partials: number, reverse: number, outer: number, parts: number, inner: number): void;
  beginnings(sorted: number, width: number, first: number, table: number): void;
  winogradScratch(inChannels: number, unitTiles: number): number;
  winogradGradScratch(rows: number, columns: number, unitTiles: number): number;
  winogradSumBytes(rows: number, columns: number): number;
}

export type SharedKernel = keyof SharedWasmKernels;
/** The arguments of a shared kernel without its unit. */
export type SharedArguments<K extends SharedKernel> =
  Parameters<SharedWasmKernels[K]> extends [...infer Head extends number[], number, number, number] ? Head : never;

/** Voxels of a chunk, as in assembly/voxels.ts. */
export const CHUNK = 128;
/** Bytes of the table that a kernel makes of a chunk's pointers. */
export const TABLE_BYTES = CHUNK * 8;

/** Channels as packed: blocks of 8, the last of 4 where that is enough. */
export const paddedChannels = (channels: number): number => Math.ceil(channels / 4) * 4;
