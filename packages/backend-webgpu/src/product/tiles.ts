/**
 * How a workgroup shares out a matrix product: `rows`×`columns` of the result, of which each thread keeps its part in registers. At
 * least 16 threads, and a multiple of eight along the rows.
 */
export interface ProductTile {
  rows: number;
  columns: number;
  threadRows: number;
  /** A multiple of 4. */
  threadColumns: number;
}

/** How a workgroup's subgroups share out a matrix product, each a part of the tile: of `down` parts by `across` parts, in multiples of 16×16. */
export interface MatrixTile {
  rows: number;
  columns: number;
  /** Terms of the sums that are in workgroup memory at a time: a multiple of 16, and at most as many as there are threads. */
  depth: number;
  down: number;
  across: number;
}

/** How a workgroup shares out a 3×3×3 convolution: all its voxels by `columns` channels; a thread takes 8 voxels by `threadColumns`. */
export interface DirectTile {
  columns: number;
  /** A multiple of 4. */
  threadColumns: number;
}

/**
 * Sizes by which kernels are cut up, for a GPU with about 132 multiprocessors of 64 k registers each. They change speed, never what
 * is computed but for the order of sums. Reasoned, not measured:
 *
 * - A product needs 16-byte loads from workgroup memory for every 4·threadRows·threadColumns multiplications: threadRows for the left
 *   operand and threadColumns for the right. 8×8 gives 16 multiplications a load, 8×4 gives 10.7; beyond that registers run out
 *   (8×8: 64 sums, 40 operands, 20 in flight and the addresses; about 150, for 12 warps on a multiprocessor).
 * - The operands' parts of a tile, 128×16 and 16×64 floats, are 12 KiB of the 16 that WebGPU grants.
 * - Matrices of subgroups read workgroup memory once for every part's height and width: a part of 32×32 loads 2 matrices a side for 4
 *   products of 16×16×16. Eight subgroups of 32 threads leave 64 registers a thread to the sums of the largest tile, and each thread has
 *   at most 4 + 4 loads of four elements on their way. A depth of 32 terms, not 16, halves the barriers.
 * - The direct convolution needs 10 + 3·4·(threadColumns / 4) such loads for 96·threadColumns multiplications: 22.6 a load at 8.
 */
export const tiles = {
  /** The narrowest that holds all columns is taken, else the widest. */
  product: {
    many: [
      { rows: 128, columns: 16, threadRows: 8, threadColumns: 4 },
      { rows: 128, columns: 32, threadRows: 8, threadColumns: 4 },
      { rows: 128, columns: 64, threadRows: 8, threadColumns: 8 },
    ] as ProductTile[],
    /** For at most `fewRows` rows. */
    few: [
      { rows: 32, columns: 16, threadRows: 4, threadColumns: 4 },
      { rows: 32, columns: 32, threadRows: 4, threadColumns: 4 },
      { rows: 32, columns: 64, threadRows: 4, threadColumns: 8 },
    ] as ProductTile[],
  },
  fewRows: 64,
  /** The same for products by matrices of subgroups. What does not fit the device is passed over. */
  matrices: {
    many: [
      { rows: 128, columns: 16, depth: 32, down: 8, across: 1 },
      { rows: 128, columns: 32, depth: 32, down: 4, across: 2 },
      { rows: 128, columns: 64, depth: 32, down: 4, across: 2 },
      { rows: 128, columns: 128, depth: 32, down: 4, across: 2 },
    ] as MatrixTile[],
    /** These need no more than the 16 KiB that every device has. */
    few: [
      { rows: 64, columns: 16, depth: 32, down: 4, across: 1 },
      { rows: 64, columns: 32, depth: 32, down: 4, across: 1 },
      { rows: 64, columns: 64, depth: 32, down: 2, across: 2 },
    ] as MatrixTile[],
  },
  /**
   * Smaller products are left to f32: a matrix would be mostly empty. The first layer's are among them, with its 27 terms of one channel and
   * the 27 rows of their gradient, as are a network's few outputs.
   */
  leastMatrix: { rows: 32, inner: 32, columns: 16 },
  /** As many threads as keep the GPU busy; where a product has fewer, its sums are split. */
  wantedThreads: 528 * 128,
  /** A part of a split sum is at least this long. */
  leastInner: 128,
  /** A sum in one go is at most this long, for the sake of its error. */
  mostInner: 65536,
  /** All parts of split sums take at most this many floats. */
  mostParts: 16 << 20,
  direct: [
    { columns: 8, threadColumns: 4 },
    { columns: 16, threadColumns: 8 },
    { columns: 32, threadColumns: 8 },
  ] as DirectTile[],
  /** The direct convolution takes what gives it at least this many workgroups, filled to this part. */
  leastDirectGroups: 256,
  leastDirectFill: 0.6,
};

/** How many threads a workgroup has. */
export const threadsOf = ({ rows, columns, threadRows, threadColumns }: ProductTile): number =>
  (rows / threadRows) * (columns / threadColumns);

/** The tile for a product of this size. */
export function productTile(rows: number, columns: number): ProductTile {
  return narrowest(rows > tiles.fewRows ? tiles.product.many : tiles.product.few, columns);
}

/** Elements of f16 after each line in workgroup memory: neighbouring lines begin in other banks, at multiples of 16 bytes. */
export const PADDING = 8;

/** How many threads a workgroup has. */
export const threadsOfMatrices = ({ down, across }: MatrixTile, { subgroup }: { subgroup: number }): number =>
  down * across * subgroup;

/** The most bytes of workgroup memory that a product with this tile takes. */
function matrixBytes({ rows, columns, depth, down, across }: MatrixTile, { M, N }: { M: number; N: number }): number {
  const panel = (outer: number) => 2 * Math.max(outer * (depth + PADDING), depth * (outer + PADDING));
  const results = 4 * down * across * M * N;
  // What gathers look up ahead, and where rows go.
  const tables = (16 + 4) * 2 * depth + 4 * rows;
  return panel(rows) + panel(columns) + results + tables;
}

interface MatrixSides {
  M: number;
  N: number;
  subgroup: number;
}

/** The limits of a device that tiles of matrices keep. */
type MatrixLimits = Pick<GPUSupportedLimits, 'maxComputeWorkgroupStorageSize' | 'maxComputeInvocationsPerWorkgroup'>;

/** Whether a device can take a tile. */
export function fitsMatrices(tile: MatrixTile, unit: MatrixSides, limits: MatrixLimits): boolean {
  const threads = threadsOfMatrices(tile, unit);
  const { maxComputeInvocationsPerWorkgroup: most, maxComputeWorkgroupStorageSize: room } = limits;
  return tile.depth <= threads && threads <= most && matrixBytes(tile, unit) <= room;
}

/** The tile for a product of this size by matrices of subgroups; undefined where they are not for it. */
export function matrixTile(
  { rows, inner, columns }: Record<'rows' | 'inner' | 'columns', number>,
  unit: MatrixSides,
  limits: MatrixLimits,
): MatrixTile | undefined {
  const { leastMatrix: least, matrices } = tiles;
  if (rows < least.rows || inner < least.inner || columns < least.columns) return undefined;
  const fits = (tile: MatrixTile) => fitsMatrices(tile, unit, limits);
  const many = rows > tiles.fewRows ? matrices.many.filter(fits) : [];
  const choices = many.length > 0 ? many : matrices.few.filter(fits);
  return choices.length > 0 ? narrowest(choices, columns) : undefined;
}

/** The tile for a direct convolution to so many channels. */
export const directTile = (columns: number): DirectTile => narrowest(tiles.direct, columns);

function narrowest<T extends { columns: number }>(choices: readonly T[], columns: number): T {
  return choices.find((tile) => tile.columns >= columns) ?? choices.at(-1)!;
}

/**
 * Into how many parts the sums of a product are split.
 * @param threads how many there are without a split
 * @param inner length of the sums
 * @param size elements of the result
 */
export function splitCount(threads: number, inner: number, size: number): number {
  const busy = Math.min(Math.floor(tiles.wantedThreads / threads), Math.floor(inner / tiles.leastInner));
  const exact = Math.ceil(inner / tiles.mostInner);
  return Math.max(1, Math.min(Math.max(busy, exact), Math.floor(tiles.mostParts / size), 65535));
}
