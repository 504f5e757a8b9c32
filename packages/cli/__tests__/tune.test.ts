import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ConvCase } from '../src/run/bench.js';
import { readTiles, saveTiles, tuneTiles } from '../src/run/tune.js';
import { crln } from './terminal.js';

type Tiles = Parameters<typeof tuneTiles>[0];
type Table = { size: number; width: number };

const never = new AbortController().signal;
const cases = [8, 16].map((channels) => ({ name: `${channels}`, channels }) as ConvCase);

/** Two questions about a made-up table, and what a case costs with it. */
function made(costs: (table: Table, channels: number) => number) {
  let current: Table = { size: 1, width: 1 };
  const question = (name: keyof Table, values: number[], matters: (channels: number) => boolean) => ({
    name,
    matters,
    choices: (table: Table) => [table, ...values.map((value) => ({ ...table, [name]: value }))],
  });
  const tiles = {
    table: current,
    use: (table: Table) => {
      current = table;
    },
    questions: [question('size', [2, 4], () => true), question('width', [2], (channels) => channels === 16)],
  };
  const cost = async ({ channels }: ConvCase) => costs(current, channels);
  return { tiles: tiles as unknown as Tiles, cost, current: () => current };
}

describe('tuning', () => {
  it('keeps the fastest choice of each question, measured with those that were kept before', async () => {
    const { tiles, cost, current } = made(({ size, width }, channels) => channels / size + (size === 4 ? width : 0));
    const { table, rows } = await tuneTiles(tiles, cases, { note: () => {}, signal: never, cost });
    expect(table).toEqual({ size: 4, width: 1 });
    expect(current()).toEqual(table);
    expect(rows).toEqual([
      { question: 'size', choice: 'as it was', ms: 24, taken: false },
      { question: 'size', choice: 'size 2', ms: 12, taken: false },
      { question: 'size', choice: 'size 4', ms: 8, taken: true },
      { question: 'width', choice: 'as it was', ms: 5, taken: true },
      { question: 'width', choice: 'width 2', ms: 6, taken: false },
    ]);
  });

  it('leaves alone what another choice makes faster by no more than noise', async () => {
    const { tiles, cost } = made(({ size }) => (size === 2 ? 99 : 100));
    expect((await tuneTiles(tiles, cases, { note: () => {}, signal: never, cost })).table).toEqual({
      size: 1,
      width: 1,
    });
  });

  it('puts back what there was where it is stopped', async () => {
    const stop = new AbortController();
    const { tiles, current } = made(() => 1);
    const cost = async () => {
      stop.abort();
      return 1;
    };
    await expect(tuneTiles(tiles, cases, { note: () => {}, signal: stop.signal, cost })).rejects.toThrow(
      'stopped while tuning',
    );
    expect(current()).toEqual({ size: 1, width: 1 });
  });

  it('writes a file that it can read, wholly, and says what another lacks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'crln-'));
    const file = join(folder, 'tiles.json');
    await saveTiles(file, { adapter: 'a GPU', tiles: { size: 1 }, date: 'today' });
    expect(readdirSync(folder)).toEqual(['tiles.json']);
    expect(await readTiles(file)).toEqual({ adapter: 'a GPU', tiles: { size: 1 } });
    writeFileSync(file, '{"tiles": {}}');
    await expect(readTiles(file)).rejects.toThrow(`${file}: expected adapter and tiles`);
  });

  it('is asked for by name where its file is not there, and half precision where no backend has it', async () => {
    const bench = (...more: string[]) => crln(['bench', '--only', 'steps', '--patch', '8,8,8', ...more]);
    const missing = await bench('--backend', 'webgpu', '--tiles', 'nowhere.json');
    expect(missing.code).toBe(1);
    expect(missing.err).toContain('nowhere.json: there is no such configuration file');
    const half = await bench('--backend', 'wasm', '--precision', 'f16');
    expect(half.code).toBe(1);
    expect(half.err).toContain("precision 'f16': backend 'wasm' computes and stores float32");
  });

  it('is refused on a backend without such kernels', async () => {
    const { code, err } = await crln(['bench', '--backend', 'wasm', '--tune', 'tiles.json', '--patch', '8,8,8']);
    expect(code).toBe(2);
    expect(err).toContain('--tune measures kernels of the backend webgpu: add --backend webgpu');
  });
});
