import { type EvaluationLine, isEvaluationLine, type LogLine, readLog } from '../checkpoint/log.js';
import { type PointerFile, readPointer } from '../checkpoint/pointers.js';
import type { CheckpointPointer } from '../checkpoint/types.js';
import { type RunConfig, readRunConfig } from '../runConfig.js';
import type { RunStore } from '../store/runStore.js';
import { type OverlayVolumes, overlayPng } from './overlay.js';

/** A run as a report sees it. */
export interface ReportRun {
  name: string;
  config: RunConfig;
  log: LogLine[];
  pointers: Partial<Record<CheckpointPointer, PointerFile>>;
  /** Pictures of cases, by split and iteration. */
  overlays: { split: string; iteration: number; id: string; png: Uint8Array }[];
}

/** One line of the main table: what a checkpoint scores on a split. */
export interface Scored {
  run: ReportRun;
  checkpoint: CheckpointPointer;
  evaluation: EvaluationLine;
}

const FOLDER = 'predictions';

/** Keeps a picture of a case for the report, as `predictions/overlays-<split>-<iteration>/<case>.png`. */
export async function saveOverlay(
  store: RunStore,
  at: { split: string; iteration: number; id: string },
  volumes: OverlayVolumes,
): Promise<void> {
  const path = `${FOLDER}/overlays-${at.split}-${at.iteration}/${encodeURIComponent(at.id)}.png`;
  await store.write(path, overlayPng(volumes));
}

/** Reads what a report tells of a run. @throws CrlnError `invalid-run`, `checkpoint-damaged` */
export async function readReportRun(store: RunStore, name: string): Promise<ReportRun> {
  const pointers: ReportRun['pointers'] = {};
  for (const pointer of ['last', 'best', 'best-on-test'] as const) {
    const found = await readPointer(store, pointer);
    if (found) pointers[pointer] = found;
  }
  const overlays: ReportRun['overlays'] = [];
  for (const folder of await store.list(FOLDER)) {
    const [, split, iteration] = /^overlays-(.+)-(\d+)$/.exec(folder) ?? [];
    if (split === undefined) continue;
    for (const file of await store.list(`${FOLDER}/${folder}`)) {
      const png = await store.read(`${FOLDER}/${folder}/${file}`);
      overlays.push({ split, iteration: Number(iteration), id: decodeURIComponent(file.replace(/\.png$/, '')), png });
    }
  }
  return { name, config: await readRunConfig(store), log: await readLog(store), pointers, overlays };
}

/**
 * What there is to tabulate: each checkpoint that a pointer names, on each split it was scored on. Where the last checkpoint was
 * not scored itself, the latest evaluation of the split stands for it.
 */
export function scoresOf(run: ReportRun): Scored[] {
  const lines = run.log.filter(isEvaluationLine);
  const splits = [...new Set(lines.map(({ split }) => split))];
  return splits.flatMap((split) => {
    const own = lines.filter((line) => line.split === split);
    const at = (iteration: number | undefined) => own.findLast((line) => line.iteration === iteration);
    const latest = own.reduce((a, b) => (b.iteration >= a.iteration ? b : a));
    const found: [CheckpointPointer, EvaluationLine | undefined][] = [
      ['last', at(run.pointers.last?.iteration) ?? latest],
      ['best', at(run.pointers.best?.iteration)],
      ['best-on-test', at(run.pointers['best-on-test']?.iteration)],
    ];
    return found.flatMap(([checkpoint, evaluation]) => (evaluation ? [{ run, checkpoint, evaluation }] : []));
  });
}

/** The name of the method in the settings, wherever a trainer put it. */
export function methodOf({ settings }: RunConfig): string {
  const { method } = settings;
  if (typeof method === 'string') return method;
  const name = typeof method === 'object' && method !== null && !Array.isArray(method) ? method.name : undefined;
  return typeof name === 'string' ? name : 'run';
}
