import { CrlnError, isCrlnError } from '@crln/core';
import type { CaseRow } from '../evaluate.js';
import { type RunStore, readText } from '../store/runStore.js';
import { strictJson } from './json.js';
import type { Json } from './types.js';

/** The log of a run: one JSON object a line, each with its `kind` and the `iteration` (how many are finished) that it tells about. */
export const METRICS_LOG = 'metrics.jsonl';

/** Losses and rates of one iteration, or their means since the line before. */
export interface StepLine {
  kind: 'step';
  /** How many iterations are finished. */
  iteration: number;
  learningRate: number;
  /** By name, as the method's step returns them; `loss` is the sum that is minimised. */
  losses: Record<string, number>;
}

/** The scores of one evaluation. */
export interface EvaluationLine {
  kind: 'evaluation';
  iteration: number;
  /** Which cases: `val`, `test` … */
  split: string;
  /** One row a case; means and their spread follow from these (`summarize`). */
  rows: CaseRow[];
}

/** One line of the log: a step, an evaluation, or whatever else a trainer writes. */
export type LogLine = StepLine | EvaluationLine | OtherLine;

/** A line of another kind. */
export interface OtherLine {
  kind: string;
  iteration: number;
  [key: string]: Json;
}

export const isStepLine = (line: LogLine): line is StepLine => line.kind === 'step' && 'losses' in line;

export const isEvaluationLine = (line: LogLine): line is EvaluationLine =>
  line.kind === 'evaluation' && Array.isArray(line.rows);

/** Adds a line to the log. @throws CrlnError `invalid-argument` where it holds NaN or what JSON cannot hold */
export async function appendLog(store: RunStore, line: LogLine, path: string = METRICS_LOG): Promise<void> {
  await store.append(path, strictJson(line as unknown as Json, path));
}

/**
 * All whole lines of the log; empty where there is none. A torn last line, which a crash leaves, is dropped.
 * @throws CrlnError `invalid-run` naming the line where one before the last is no JSON object with `kind` and `iteration`
 */
export async function readLog(store: RunStore, path: string = METRICS_LOG): Promise<LogLine[]> {
  const text = await readText(store, path).catch((error: unknown) => {
    if (isCrlnError(error, 'file-not-found')) return '';
    throw error;
  });
  const rows = text.split('\n');
  if (rows.at(-1) === '') rows.pop();
  const lines: LogLine[] = [];
  for (const [i, row] of rows.entries()) {
    const line = parse(row);
    if (line) lines.push(line);
    else if (i < rows.length - 1) {
      throw new CrlnError(
        'invalid-run',
        `${path} line ${i + 1} in ${store.location} is no JSON object with kind and iteration`,
        {
          file: path,
          line: i + 1,
          location: store.location,
        },
      );
    }
  }
  return lines;
}

/**
 * Cuts the log back to a checkpoint, before a run goes on from it: lines of later iterations and a torn last line go.
 * Save a checkpoint after the lines of its iteration, and a resumed run's log equals an uninterrupted one's.
 *
 * @returns how many lines stay
 */
export async function cutLog(store: RunStore, iteration: number, path: string = METRICS_LOG): Promise<number> {
  if (!(await store.exists(path))) return 0;
  const kept = (await readLog(store, path)).filter((line) => line.iteration <= iteration);
  const text = kept.map((line) => `${JSON.stringify(line)}\n`).join('');
  if (text !== (await readText(store, path))) await store.write(path, text);
  return kept.length;
}

function parse(row: string): LogLine | undefined {
  try {
    const value = JSON.parse(row) as LogLine | null;
    return Number.isFinite(value?.iteration) && typeof value?.kind === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
