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
    /** For at most {@link fewRows} rows. */
    few: [
      { rows: 32, columns: 16, threadRows: 4, threadColumns: 4 },
      { rows: 32, columns: 32, threadRows: 4, threadColumns: 4 },
      { rows: 32, columns: 64, threadRows: 4, threadColumns: 8 },
    ] as ProductTile[],
  },
  fewRows: 64,
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
