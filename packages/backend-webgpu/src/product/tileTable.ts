import { CrlnError } from '@crln/core';
import { tiles } from './tiles.js';

/** The sizes by which kernels are cut up: `tiles`, or what was measured to suit a GPU better. */
export type TileTable = typeof tiles;

const reasoned = JSON.stringify(tiles);

/** Whether kernels go by another table than the one that is built in. */
export const areTuned = (): boolean => JSON.stringify(tiles) !== reasoned;

/** A copy of the table that kernels go by. */
export const tileTable = (): TileTable => structuredClone(tiles);

/**
 * Makes kernels go by another table from now on. Sums come in another order then: results differ in their last bits.
 * @throws CrlnError `invalid-option` naming what is wrong in it
 */
export function useTiles(table: unknown): void {
  const checked = alike(table, tiles, 'tiles') as TileTable;
  checked.product.many.concat(checked.product.few).forEach(({ rows, columns, threadRows, threadColumns }) => {
    const whole = rows % 8 === 0 && rows % threadRows === 0 && threadColumns % 4 === 0 && columns % threadColumns === 0;
    const threads = (rows / threadRows) * (columns / threadColumns);
    if (whole && threads >= 16) return;
    throw invalid(`a product tile of ${rows}×${columns} by ${threadRows}×${threadColumns} a thread cannot be`);
  });
  checked.matrices.many.concat(checked.matrices.few).forEach(({ rows, columns, depth, down, across }) => {
    const whole = [rows / down, columns / across, depth].every((length) => length > 0 && length % 16 === 0);
    if (whole && down * across >= 1) return;
    throw invalid(`a tile of matrices of ${rows}×${columns}×${depth} in ${down}×${across} parts cannot be`);
  });
  checked.direct.forEach(({ columns, threadColumns }) => {
    if (threadColumns % 4 === 0 && columns % threadColumns === 0) return;
    throw invalid(`a direct tile of ${columns} channels by ${threadColumns} a thread cannot be`);
  });
  Object.assign(tiles, checked);
}

/** What has the keys of a model and positive numbers where it has numbers; lists may be of any length but none. */
function alike(given: unknown, model: unknown, path: string): unknown {
  if (typeof model === 'number') {
    if (typeof given === 'number' && given >= 0) return given;
    throw invalid(`${path}: expected a number, got ${JSON.stringify(given)}`);
  }
  if (Array.isArray(model)) {
    if (!Array.isArray(given) || given.length === 0) throw invalid(`${path}: expected a list of sizes`);
    return given.map((one, i) => alike(one, model[0], `${path}[${i}]`));
  }
  if (typeof given !== 'object' || given === null) throw invalid(`${path}: expected an object`);
  const unknown = Object.keys(given).find((key) => !(key in (model as object)));
  if (unknown) throw invalid(`${path}: there is no ${unknown}`);
  return Object.fromEntries(
    Object.entries(model as object).map(([key, value]) => [
      key,
      alike((given as Record<string, unknown>)[key], value, `${path}.${key}`),
    ]),
  );
}

const invalid = (what: string) => new CrlnError('invalid-option', `crln-webgpu: ${what}`, { option: 'tiles' });
