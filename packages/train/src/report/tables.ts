import { METRICS, type MetricName } from '../metrics/evaluateCase.js';
import { meanAndDeviation, pairedDifference } from '../metrics/paired.js';
import { type MetricSummary, type Summary, summarize } from '../metrics/summary.js';
import { compareRunConfigs } from '../runConfig.js';
import type { Table } from './document.js';
import { type ReportRun, type Scored, scoresOf } from './runs.js';

const HEADS: Record<MetricName, string> = {
  dice: 'Dice (%)',
  jaccard: 'Jaccard (%)',
  hd95: '95HD (voxels)',
  asd: 'ASD (voxels)',
  assd: 'ASSD (voxels)',
  hd95Mm: '95HD (mm)',
  asdMm: 'ASD (mm)',
  assdMm: 'ASSD (mm)',
};
const METRIC_HEADS = METRICS.map((name) => HEADS[name]);

const factorOf = (name: MetricName): number => (name === 'dice' || name === 'jaccard' ? 100 : 1);

/** A value as tables print it: per cent with 2 digits, distances with 2; a dash where it is undefined. */
export const formatMetric = (name: MetricName, value: number | null): string =>
  value === null ? '–' : (value * factorOf(name)).toFixed(2);

const withSpread = (name: MetricName, { mean, bootstrap }: MetricSummary): string =>
  mean === null ? '–' : `${formatMetric(name, mean)} ± ${formatMetric(name, bootstrap)}`;

/** The columns; distances get an asterisk where empty predictions count as 0 in them. */
const cellsOf = (summary: Summary, empty: number): string[] =>
  METRICS.map((name) => withSpread(name, summary[name]) + (empty > 0 && factorOf(name) === 1 ? ' *' : ''));

/** Every checkpoint of every run on every split. */
export function mainTable(scores: readonly Scored[]): Table {
  return {
    head: ['run', 'labels', 'checkpoint', 'split', ...METRIC_HEADS],
    textColumns: 4,
    rows: scores.map(({ run, checkpoint, evaluation }) => {
      const { mean, emptyPredictions } = summarize(evaluation.rows);
      return [
        run.name,
        String(run.config.splits.labelled?.length ?? '–'),
        `${checkpoint} (${evaluation.iteration})`,
        `${evaluation.split}, ${count(evaluation.rows.length, 'case')}`,
        ...cellsOf(mean, emptyPredictions),
      ];
    }),
  };
}

/** The same by foreground class; undefined where there is only one. */
export function classTable(scores: readonly Scored[]): Table | undefined {
  const rows = scores.flatMap(({ run, checkpoint, evaluation }) => {
    const { classes } = summarize(evaluation.rows);
    return classes.map((one) => {
      const own = evaluation.rows.map((row) => row.classes[one.class - 1]!);
      const empty = own.filter((row) => row.predictedVoxels === 0 && row.referenceVoxels > 0).length;
      return [run.name, checkpoint, evaluation.split, `class ${one.class}`, ...cellsOf(one, empty)];
    });
  });
  const several = scores.some(({ evaluation }) => (evaluation.rows[0]?.classes.length ?? 0) > 1);
  return several ? { head: ['run', 'checkpoint', 'split', 'class', ...METRIC_HEADS], textColumns: 4, rows } : undefined;
}

/** Every case of one evaluation, the worst Dice first. */
export function caseTable({ evaluation }: Scored): Table {
  const rows = [...evaluation.rows].sort((a, b) => (a.mean.dice ?? 2) - (b.mean.dice ?? 2));
  return {
    head: ['case', ...METRIC_HEADS],
    textColumns: 1,
    rows: rows.map((row) => [row.id, ...METRICS.map((name) => formatMetric(name, row.mean[name]))]),
  };
}

/** Runs that differ in nothing but their seed. */
export interface SeedGroup {
  name: string;
  runs: ReportRun[];
}

/** Groups runs whose configurations are equal but for the seed; their name is that of the first, without its seed. */
export function seedGroups(runs: readonly ReportRun[]): SeedGroup[] {
  const groups: SeedGroup[] = [];
  for (const run of runs) {
    const same = groups.find(
      ({ runs: [first] }) =>
        compareRunConfigs(first!.config, run.config, ['seed', 'settings.seed']).identity.length === 0,
    );
    if (same) same.runs.push(run);
    else groups.push({ name: run.name.replace(/[ ,_-]*seed[ =_-]*\d+$/i, ''), runs: [run] });
  }
  return groups;
}

/** Mean ± standard deviation over seeds of the last checkpoint; undefined where no configuration ran twice. */
export function seedTable(groups: readonly SeedGroup[]): Table | undefined {
  const rows = groups
    .filter(({ runs }) => runs.length > 1)
    .flatMap(({ name, runs }) =>
      splitsOf(runs).map((split) => [
        name,
        runs.map(({ config }) => config.seed).join(', '),
        split,
        ...METRICS.map((metric) => {
          const values = runs.map((run) => lastMean(run, split, metric)).filter((value) => value !== undefined);
          if (values.length === 0) return '–';
          const { mean, deviation } = meanAndDeviation(values);
          return `${formatMetric(metric, mean)} ± ${formatMetric(metric, deviation)}`;
        }),
      ]),
    );
  return rows.length === 0 ? undefined : { head: ['runs', 'seeds', 'split', ...METRIC_HEADS], textColumns: 3, rows };
}

/** Paired differences of the Dice of the last checkpoints between any two configurations that ran with the same 2 or more seeds. */
export function pairedTable(groups: readonly SeedGroup[]): Table | undefined {
  const rows: string[][] = [];
  for (const [i, a] of groups.entries()) {
    for (const b of groups.slice(i + 1)) {
      for (const split of splitsOf([...a.runs, ...b.runs])) {
        const pairs = a.runs.flatMap((run) => {
          const other = b.runs.find(({ config }) => config.seed === run.config.seed);
          const values = [lastMean(run, split, 'dice'), other && lastMean(other, split, 'dice')];
          return values.every((value) => value !== undefined) ? [values as [number, number]] : [];
        });
        if (pairs.length < 2) continue;
        const difference = pairedDifference(
          pairs.map(([x]) => 100 * x),
          pairs.map(([, y]) => 100 * y),
        );
        const [low, high] = difference.interval;
        rows.push([
          `${a.name} − ${b.name}`,
          split,
          String(difference.pairs),
          signed(difference.mean),
          `${signed(low)} to ${signed(high)}`,
        ]);
      }
    }
  }
  const head = ['difference', 'split', 'seeds', 'Dice (points)', '95 % interval'];
  return rows.length === 0 ? undefined : { head, textColumns: 2, rows };
}

export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;

const splitsOf = (runs: readonly ReportRun[]): string[] => [
  ...new Set(runs.flatMap((run) => scoresOf(run).map(({ evaluation }) => evaluation.split))),
];

function lastMean(run: ReportRun, split: string, metric: MetricName): number | undefined {
  const scored = scoresOf(run).find(
    ({ checkpoint, evaluation }) => checkpoint === 'last' && evaluation.split === split,
  );
  return (scored && summarize(scored.evaluation.rows, { resamples: 1 }).mean[metric].mean) ?? undefined;
}
