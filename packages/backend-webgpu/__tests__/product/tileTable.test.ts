import { CrlnError } from '@crln/core';
import { afterEach, describe, expect, it } from 'vitest';
import { type TileTable, tileTable, useTiles } from '../../src/index.js';
import { threadsOf } from '../../src/product/tiles.js';
import { tileQuestions } from '../../src/product/tuning.js';

const before = tileTable();
afterEach(() => useTiles(before));

const changed = (change: (table: TileTable) => void): TileTable => {
  const table = tileTable();
  change(table);
  return table;
};

describe('the table of tiles', () => {
  it('is what kernels go by once it is given, and a copy where it is asked for', () => {
    const table = changed((t) => {
      t.wantedThreads = 1000;
      t.direct = [{ columns: 16, threadColumns: 4 }];
    });
    useTiles(JSON.parse(JSON.stringify(table)));
    expect(tileTable()).toEqual(table);
    tileTable().wantedThreads = 1;
    expect(tileTable().wantedThreads).toBe(1000);
  });

  it.each<[string, unknown]>([
    ['tiles: expected an object', 7],
    ['tiles: there is no rows', { ...before, rows: 1 }],
    ['tiles.fewRows: expected a number, got "64"', { ...before, fewRows: '64' }],
    ['tiles.direct: expected a list of sizes', { ...before, direct: [] }],
    ['tiles.direct[0].columns: expected a number, got undefined', { ...before, direct: [{ threadColumns: 4 }] }],
    [
      'a product tile of 128×16 by 8×3 a thread cannot be',
      changed((t) => {
        t.product.many[0] = { rows: 128, columns: 16, threadRows: 8, threadColumns: 3 };
      }),
    ],
    [
      'a tile of matrices of 128×16×32 in 8×2 parts cannot be',
      changed((t) => {
        t.matrices.many[0]!.across = 2;
      }),
    ],
    [
      'a direct tile of 8 channels by 16 a thread cannot be',
      changed((t) => {
        t.direct[0] = { columns: 8, threadColumns: 16 };
      }),
    ],
  ])('refuses what cannot be: %s', (message, table) => {
    expect(() => useTiles(table)).toThrow(CrlnError);
    expect(() => useTiles(table)).toThrow(message);
    expect(tileTable()).toEqual(before);
  });
});

describe('questions about tiles', () => {
  const limits = { maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16_384 };
  const device = { gpu: { limits } };
  const questions = tileQuestions({ device, precision: 'f32' } as never);

  it('have what there is as the first choice, and others that kernels can go by', () => {
    expect(questions.length).toBeGreaterThan(8);
    for (const { choices } of questions) {
      const tables = choices(before);
      expect(tables[0]).toEqual(before);
      expect(tables.length).toBeGreaterThan(1);
      expect(new Set(tables.map((table) => JSON.stringify(table))).size).toBe(tables.length);
      for (const table of tables) useTiles(table);
    }
  });

  it('keep to what the device allows', () => {
    for (const table of questions.flatMap(({ choices }) => choices(before))) {
      for (const tile of [...table.product.many, ...table.product.few]) {
        expect(threadsOf(tile)).toBeLessThanOrEqual(256);
        expect(64 * (tile.rows + tile.columns)).toBeLessThanOrEqual(16_384);
      }
    }
  });

  it('are about matrices of subgroups where those compute, in tiles that can be cut into them', () => {
    const matrixUnit = { M: 16, N: 16, K: 16, subgroup: 32 };
    const large = { gpu: { limits: { ...limits, maxComputeWorkgroupStorageSize: 48 << 10 } } };
    const asked = tileQuestions({ device: large, precision: 'f16', matrixUnit } as never);
    expect(asked.map(({ name }) => name)).toContain('matrices.many of 128 columns');
    for (const { choices } of asked) {
      const tables = choices(before);
      expect(tables.length).toBeGreaterThan(1);
      for (const table of tables) useTiles(table);
    }
    expect(tileQuestions({ device, precision: 'f32', matrixUnit } as never)).toHaveLength(questions.length);
  });

  it('are about the channels for which a tile is taken', () => {
    const about = (channels: number) =>
      questions
        .filter(({ name, matters }) => name.startsWith('product.many') && matters(channels))
        .map(({ name }) => name);
    expect(about(8)).toEqual(['product.many of 16 columns']);
    expect(about(32)).toEqual(['product.many of 32 columns']);
    expect(about(256)).toEqual(['product.many of 64 columns']);
  });
});
