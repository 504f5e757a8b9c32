import { rename, writeFile } from 'node:fs/promises';
import { CrlnError } from '@crln/core';
import type { gpuTiles } from '@crln/ops';
import { readSettings } from '../settings.js';
import { type ConvCase, measure } from './bench.js';

/** What a choice of a question cost, all convolutions that it matters to together. */
export interface TuneRow {
  question: string;
  choice: string;
  ms: number;
  taken: boolean;
}

/** A choice that is not this much faster than what there was is noise. */
const GAIN = 0.98;
const PRESENT = 'as it was';

type Tiles = NonNullable<Awaited<ReturnType<typeof gpuTiles>>>;
type Table = Tiles['table'];

interface TuneOptions {
  note(text: string): void;
  signal: AbortSignal;
  /** What a convolution takes, in milliseconds. */
  cost(one: ConvCase): Promise<number>;
}

/**
 * Measures what the GPU's kernels are best cut up by: of each question in turn the fastest choice is kept, and kernels go by it from then on.
 * @throws CrlnError `aborted`, with kernels as they were
 */
export async function tuneTiles(
  { table, use, questions }: Pick<Tiles, 'table' | 'use' | 'questions'>,
  cases: readonly ConvCase[],
  { note, signal, cost }: TuneOptions,
): Promise<{ table: Table; rows: TuneRow[] }> {
  let best = table;
  const rows: TuneRow[] = [];
  for (const { name, matters, choices } of questions) {
    const concerned = cases.filter(({ channels }) => matters(channels));
    if (concerned.length === 0) continue;
    note(name);
    const tried: { row: TuneRow; table: Table }[] = [];
    for (const choice of choices(best)) {
      if (signal.aborted) {
        use(table);
        throw new CrlnError('aborted', 'stopped while tuning; nothing was written');
      }
      use(choice);
      let ms = 0;
      for (const one of concerned) ms += await cost(one);
      const words = difference(choice, best) || PRESENT;
      tried.push({ row: { question: name, choice: words, ms, taken: false }, table: choice });
    }
    const handicapped = ({ row: { choice, ms } }: (typeof tried)[number]) => (choice === PRESENT ? ms * GAIN : ms);
    const taken = tried.reduce((a, b) => (handicapped(b) < handicapped(a) ? b : a));
    taken.row.taken = true;
    best = taken.table;
    use(best);
    rows.push(...tried.map(({ row }) => row));
  }
  return { table: best, rows };
}

/** The time of a convolution by the GPU's clock. */
export const gpuCost =
  (repeats: number): TuneOptions['cost'] =>
  async (one) => {
    const { gpuMs, ms } = await measure(one, repeats);
    return gpuMs ?? ms;
  };

/** What one table says otherwise than another. */
function difference(table: unknown, before: unknown): string {
  if (typeof table !== 'object' || table === null) return table === before ? '' : `${table}`;
  return Object.entries(table)
    .flatMap(([key, value]) => {
      const text = difference(value, (before as Record<string, unknown>)[key]);
      return text ? [/^\d+$/.test(key) ? text : `${key} ${text}`] : [];
    })
    .join(', ');
}

/** Writes a table and what it was measured on, wholly or not at all. */
export async function saveTiles(
  file: string,
  content: { adapter: string; tiles: unknown } & Record<string, unknown>,
): Promise<void> {
  const temporary = `${file}.part`;
  await writeFile(temporary, `${JSON.stringify(content, null, 2)}\n`);
  await rename(temporary, file);
}

/** Reads them. @throws CrlnError `file-not-found`, `file-format` */
export async function readTiles(file: string): Promise<{ adapter: string; tiles: unknown }> {
  const { adapter, tiles } = await readSettings(file);
  if (typeof adapter !== 'string' || tiles === undefined) {
    throw new CrlnError('file-format', `${file}: expected adapter and tiles, as crln bench --tune writes them`, {
      file,
    });
  }
  return { adapter, tiles };
}
