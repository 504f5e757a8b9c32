import { tiles } from '../src/product/tiles.js';

const smallest = [{ rows: 16, columns: 16, threadRows: 1, threadColumns: 4 }];

/** Only the smallest tile: a software device compiles its kernels fastest, and there are many. */
export const tiny: Partial<typeof tiles> = { product: { few: smallest, many: smallest } };

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
