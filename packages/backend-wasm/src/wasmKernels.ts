/**
 * The functions that `assembly/index.ts` exports; see there for what they compute. Pointers and strides are bytes, the planes
 * d0 … d1 − 1 of the output grid are what one call does (so that several threads could share a layer).
 */
export interface WasmKernels {
  conv(
    x: number,
    weights: number,
    bias: number,
    y: number,
    taps: number,
    tapCount: number,
    run: number,
    channels: number,
    d0: number,
    d1: number,
    height: number,
    width: number,
    xd: number,
    xh: number,
    xw: number,
    yd: number,
    yh: number,
    yw: number,
    table: number,
  ): void;
  filterGrad(
    x: number,
    dy: number,
    sums: number,
    taps: number,
    tapCount: number,
    run: number,
    channels: number,
    d0: number,
    d1: number,
    height: number,
    width: number,
    xd: number,
    xh: number,
    xw: number,
    table: number,
    packed: number,
  ): void;
  depthwise(
    x: number,
    weights: number,
    bias: number,
    y: number,
    taps: number,
    tapCount: number,
    channels: number,
    d0: number,
    d1: number,
    height: number,
    width: number,
    xd: number,
    xh: number,
    xw: number,
    yd: number,
    yh: number,
    yw: number,
    table: number,
  ): void;
  depthwiseFilterGrad(
    x: number,
    dy: number,
    sums: number,
    taps: number,
    tapCount: number,
    channels: number,
    d0: number,
    d1: number,
    height: number,
    width: number,
    xd: number,
    xh: number,
    xw: number,
    table: number,
  ): void;
  pad(
    source: number,
    window: number,
    voxel: number,
    depth: number,
    height: number,
    width: number,
    ld: number,
    lh: number,
    lw: number,
    wd: number,
    wh: number,
    ww: number,
  ): void;
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
  unpackSums(
    sums: number,
    to: number,
    groups: number,
    rows: number,
    paddedRows: number,
    columns: number,
    paddedColumns: number,
  ): void;
  transpose(source: number, to: number, rows: number, columns: number): void;
}

/** Voxels of a chunk, as in assembly/voxels.ts. */
export const CHUNK = 128;
/** float32s of the table that a kernel makes of a chunk's pointers. */
export const TABLE_FLOATS = CHUNK * 2;

/** Channels as packed: blocks of 8, the last of 4 where that is enough. */
export const paddedChannels = (channels: number): number => Math.ceil(channels / 4) * 4;
