import { tiles } from '../src/product/tiles.js';

/** The smallest tile: software devices compile its kernels fastest. */
export const TINY = [{ rows: 16, columns: 16, threadRows: 1, threadColumns: 4 }];

/** Runs a test with other tile sizes. */
export async function withTiles<T>(changes: Partial<typeof tiles>, work: () => Promise<T>): Promise<T> {
  const before = { ...tiles };
  Object.assign(tiles, changes);
  try {
    return await work();
  } finally {
    Object.assign(tiles, before);
  }
}
