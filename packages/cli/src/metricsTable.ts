import type { CaseRow, EvaluationSummary, MetricName } from '@crln/train';
import { decimals, textTable } from './table.js';

const COLUMNS: readonly [MetricName, string, number][] = [
  ['dice', 'Dice', 4],
  ['jaccard', 'Jaccard', 4],
  ['hd95', '95HD', 2],
  ['asd', 'ASD', 2],
  ['assd', 'ASSD', 2],
  ['hd95Mm', '95HD mm', 2],
  ['asdMm', 'ASD mm', 2],
  ['assdMm', 'ASSD mm', 2],
];

/** Cases and their mean as text: a line a case and class, then the means ± bootstrap. */
export function metricsTable(rows: readonly CaseRow[], summary: EvaluationSummary, labels: readonly number[]): string {
  const several = labels.length > 2;
  const head = ['case', ...(several ? ['label'] : []), ...COLUMNS.map(([, title]) => title)];
  const lines = rows.flatMap((row) => [
    ...row.classes.map((one) => [
      row.id,
      ...(several ? [String(labels[one.class])] : []),
      ...COLUMNS.map(([name, , digits]) => decimals(one[name], digits)),
    ]),
  ]);
  const means = [
    ...(rows.length > 1 ? summary.classes : []).map((one) => ({ label: String(labels[one.class]), values: one })),
    ...(several ? [{ label: 'all', values: summary.mean }] : []),
  ].map(({ label, values }) => [
    rows.length > 1 ? `mean of ${summary.cases}` : 'mean',
    ...(several ? [label] : []),
    ...COLUMNS.map(([name, , digits]) => {
      const { mean, bootstrap } = values[name];
      return summary.cases > 1 && mean !== null
        ? `${decimals(mean, digits)} ± ${decimals(bootstrap, digits)}`
        : decimals(mean, digits);
    }),
  ]);
  const empty = summary.emptyPredictions
    ? `\n${summary.emptyPredictions} empty predictions score 0 in every column, distances too (as in published tables).`
    : '';
  return `${textTable(head, [...lines, ...means])}\nDice and Jaccard as fractions; distances in voxels, then in mm; ± over bootstrap resamples of the cases.${empty}`;
}
