import { type EvaluationLine, isEvaluationLine, isStepLine, type LogLine, type StepLine } from '../checkpoint/log.js';
import type { CaseRow } from '../evaluate.js';
import { type MetricName, meanValues } from '../metrics/evaluateCase.js';
import { lineChart, type Point, type Series } from './lineChart.js';
import { type Drawing, stack, svgFile } from './svg.js';

/** A log with the name it gets in a legend. */
export interface NamedLog {
  name: string;
  log: readonly LogLine[];
  /** Runs that belong together may share a colour and a name. */
  colour?: string;
}

/** The losses of one run over its iterations. */
export function lossChart({ name, log }: NamedLog): Drawing {
  const steps = log.filter(isStepLine);
  const names = [...new Set(steps.flatMap(({ losses }) => Object.keys(losses)))];
  const series = names.map((loss): Series => ({ name: loss, points: pointsOf(steps, loss), smooth: true }));
  const values = series.flatMap(({ points }) => points.map(([, y]) => y)).filter((value) => value > 0);
  // Losses of very different size share an axis only if it is logarithmic.
  const wide = values.length > 0 && percentileRange(values) > 30;
  return lineChart(series, {
    title: name === '' ? 'Losses' : `Losses, ${name}`,
    x: 'iteration',
    y: wide ? 'loss (log scale)' : 'loss',
    scale: wide ? 'log' : 'linear',
    include: wide ? [] : [0],
  });
}

/** Dice over the iterations of one or more runs, one line a run and split. */
export function diceChart(logs: readonly NamedLog[]): Drawing {
  return metricChart(logs, 'dice', { title: 'Dice, mean of cases', y: 'Dice (%)', factor: 100 });
}

/** 95HD over the iterations of one or more runs, of the cases and classes that have a predicted voxel. */
export function hd95Chart(logs: readonly NamedLog[]): Drawing {
  return metricChart(logs, 'hd95', { title: '95HD, mean of cases with a prediction', y: '95HD (voxels)', factor: 1 });
}

/** The curves of one run as an SVG file: losses, Dice, 95HD. */
export function progressSvg(log: readonly LogLine[], title = 'Progress of the run'): string {
  const own = { name: '', log };
  const evaluated = log.some(isEvaluationLine);
  return svgFile(stack([lossChart(own), ...(evaluated ? [diceChart([own]), hd95Chart([own])] : [])]), title);
}

function metricChart(
  logs: readonly NamedLog[],
  metric: MetricName,
  { title, y, factor }: { title: string; y: string; factor: number },
): Drawing {
  const series = logs.flatMap(({ name, log, colour }) => {
    const lines = log.filter(isEvaluationLine);
    return [...new Set(lines.map(({ split }) => split))].map(
      (split, i): Series => ({
        ...(colour === undefined ? {} : { colour, dashed: i > 0 }),
        name: name === '' ? split : `${name}, ${split}`,
        points: meansOf(
          lines.filter((one) => one.split === split),
          metric,
          factor,
        ),
        dots: true,
      }),
    );
  });
  const include = metric === 'dice' ? [0, 100] : [0];
  return lineChart(series, { title, x: 'iteration', y, include });
}

const pointsOf = (steps: readonly StepLine[], loss: string): Point[] =>
  steps.filter(({ losses }) => loss in losses).map(({ iteration, losses }) => [iteration, losses[loss] as number]);

function meansOf(lines: readonly EvaluationLine[], metric: MetricName, factor: number): Point[] {
  return lines.flatMap(({ iteration, rows }): Point[] => {
    const values = rows.map((row) => scoreOf(row, metric)).filter((value) => value !== null);
    const sum = values.reduce((a, b) => a + b, 0);
    return values.length === 0 ? [] : [[iteration, (factor * sum) / values.length]];
  });
}

/** A case's value. Distances of empty predictions, 0 in tables, would make a curve fall where the network fails: they are left out. */
function scoreOf(row: CaseRow, metric: MetricName): number | null {
  if (metric === 'dice' || metric === 'jaccard') return row.mean[metric];
  return meanValues(row.classes.filter(({ predictedVoxels }) => predictedVoxels > 0))[metric];
}

function percentileRange(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] as number;
  return at(0.98) / at(0.02);
}
