import type { Device } from '../gpu/device.js';
import type { MatrixUnit } from './matrixUnit.js';
import { type DirectTile, fitsMatrices, type MatrixTile, type ProductTile, threadsOf } from './tiles.js';
import { type TileTable, tileTable } from './tileTable.js';

/** Something about the sizes of kernels that is best measured: tables that differ in it alone. */
export interface TileQuestion {
  name: string;
  /** Whether it matters to convolutions between so many channels. */
  matters(channels: number): boolean;
  /** The tables to choose from; the first is the given one. */
  choices(table: TileTable): TileTable[];
}

/** What a device allows. */
type TileLimits = Pick<GPUSupportedLimits, 'maxComputeInvocationsPerWorkgroup' | 'maxComputeWorkgroupStorageSize'>;

/** Terms of a product that are in workgroup memory at a time, in bytes for each row or column. */
const LINE = 4 * 16;

/** What of a backend decides on its kernels. */
interface Computing {
  device: Pick<Device, 'gpu'>;
  precision: 'f32' | 'f16';
  matrixUnit: MatrixUnit | undefined;
}

/** All questions about a backend's kernels, those first on whose answers others depend. */
export function tileQuestions({ device, precision, matrixUnit }: Computing): TileQuestion[] {
  const { limits } = device.gpu;
  const table = tileTable();
  if (precision === 'f16' && matrixUnit) {
    const others = (tile: MatrixTile) => matrixTiles(tile).filter((other) => fitsMatrices(other, matrixUnit, limits));
    return [
      ...sizes(table, ['matrices', 'many'], others),
      ...sizes(table, ['matrices', 'few'], others),
      number('wantedThreads', [0.25, 0.5, 2, 4], true),
    ];
  }
  return [
    ...sizes(table, ['direct'], (tile: DirectTile) => directTiles(tile, limits)),
    ...sizes(table, ['product', 'many'], (tile: ProductTile) => productTiles(tile, limits)),
    ...sizes(table, ['product', 'few'], (tile: ProductTile) => productTiles(tile, limits)),
    number('leastDirectGroups', [0, 64, 1024, Number.MAX_SAFE_INTEGER]),
    number('wantedThreads', [0.25, 0.5, 2, 4], true),
  ];
}

/** A question for each tile of a list, about the channels for which it is taken. */
function sizes<T extends { columns: number }>(
  table: TileTable,
  path: readonly string[],
  others: (tile: T) => T[],
): TileQuestion[] {
  const list = at(table, path) as T[];
  return list.map(({ columns }, i) => {
    const [above, last] = [list[i - 1]?.columns ?? 0, i === list.length - 1];
    return {
      name: `${path.join('.')} of ${columns} columns`,
      matters: (channels) => channels > above && (last || channels <= columns),
      choices: (from) => {
        const tile = (at(from, path) as T[])[i]!;
        return [tile, ...others(tile).filter((other) => !same(other, tile))].map((choice) => {
          const changed = structuredClone(from);
          (at(changed, path) as T[])[i] = choice;
          return changed;
        });
      },
    };
  });
}

/** A question about one number. */
const number = (key: 'leastDirectGroups' | 'wantedThreads', others: number[], relative = false): TileQuestion => ({
  name: key,
  matters: () => true,
  choices: (from) => {
    const values = [from[key], ...others.map((other) => (relative ? Math.round(other * from[key]) : other))];
    return [...new Set(values)].map((value) => ({ ...structuredClone(from), [key]: value }));
  },
});

const at = (table: object, path: readonly string[]): unknown =>
  path.reduce((part: unknown, key) => (part as Record<string, unknown>)[key], table);

const same = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);

function productTiles({ columns }: ProductTile, limits: TileLimits): ProductTile[] {
  const all = [16, 32, 64, 128, 256].flatMap((rows) =>
    [4, 8].flatMap((threadRows) =>
      [4, 8].map((threadColumns): ProductTile => ({ rows, columns, threadRows, threadColumns })),
    ),
  );
  return all.filter((tile) => {
    const threads = threadsOf(tile);
    return (
      columns % tile.threadColumns === 0 &&
      threads >= 32 &&
      threads <= limits.maxComputeInvocationsPerWorkgroup &&
      LINE * (tile.rows + columns) <= limits.maxComputeWorkgroupStorageSize
    );
  });
}

/** A workgroup has 32 threads for each part of the channels. */
const directTiles = ({ columns }: DirectTile, limits: TileLimits): DirectTile[] =>
  [4, 8, 16]
    .filter((each) => columns % each === 0 && (32 * columns) / each <= limits.maxComputeInvocationsPerWorkgroup)
    .map((threadColumns) => ({ columns, threadColumns }));

/** Of as many columns, in four to eight parts of 16 to 64 a side. */
function matrixTiles({ columns }: MatrixTile): MatrixTile[] {
  const sides = [16, 32, 64];
  const all = [64, 128, 256].flatMap((rows) =>
    sides.flatMap((height) =>
      sides.flatMap((width) =>
        [32, 64].map((depth) => ({ rows, columns, depth, down: rows / height, across: columns / width })),
      ),
    ),
  );
  return all.filter(({ down, across }) => down >= 1 && across >= 1 && down * across >= 4 && down * across <= 8);
}
