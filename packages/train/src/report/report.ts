import { CrlnError } from '@crln/core';
import { summarize } from '../metrics/summary.js';
import type { RunStore } from '../store/runStore.js';
import { boxPlot } from './boxPlot.js';
import { diceChart, hd95Chart, lossChart } from './curves.js';
import { type Block, figuresOf, type ReportDocument } from './document.js';
import { renderHtml } from './html.js';
import { renderMarkdown } from './markdown.js';
import { methodOf, type ReportRun, type Scored, scoresOf } from './runs.js';
import { colour, type Drawing, svgFile } from './svg.js';
import {
  caseTable,
  classTable,
  count,
  formatMetric,
  mainTable,
  pairedTable,
  type SeedGroup,
  seedGroups,
  seedTable,
} from './tables.js';

export interface ReportOptions {
  title?: string;
  /** Sentences to stand at the top: what the data is, what the comparison is for. */
  notes?: readonly string[];
  /** How many cases to show of each run, the worst first; 6 by default. */
  overlays?: number;
}

/**
 * The report of one or several runs: a table of every checkpoint on every split, spread over seeds and paired differences where
 * there are several, curves, box plots, pictures of the worst cases, definitions, and every setting.
 *
 * @throws CrlnError `invalid-argument` without a run
 */
export function buildReport(runs: readonly ReportRun[], options: ReportOptions = {}): ReportDocument {
  if (runs.length === 0) throw new CrlnError('invalid-argument', 'report: expected at least one run, got none');
  const scores = runs.flatMap(scoresOf);
  const single = runs.length === 1 ? runs[0] : undefined;
  const sections = [
    { heading: '', blocks: summaryBlocks(runs, options.notes ?? []) },
    { heading: 'Results', blocks: resultBlocks(runs, scores) },
    { heading: 'Curves', blocks: curveBlocks(runs) },
    { heading: 'Cases', blocks: caseBlocks(scores, seedGroups(runs)) },
    { heading: 'Pictures', blocks: pictureBlocks(scores, options.overlays ?? 6) },
    { heading: 'What the numbers mean', blocks: [{ kind: 'list' as const, items: definitions(scores) }] },
    { heading: 'Settings', blocks: runs.map(settingsBlock) },
  ];
  const title = options.title ?? (single ? `Run ${single.name}` : `${runs.length} runs`);
  return { title, sections: sections.filter(({ blocks }) => blocks.length > 0) };
}

/** Writes `report.html` (self-contained) and `report.md` with its figures (`report.*.svg`, `report.*.png`). */
export async function writeReport(store: RunStore, document: ReportDocument): Promise<void> {
  for (const { file, content } of figuresOf(document)) await store.write(`report.${file}`, content);
  await store.write('report.md', renderMarkdown(document));
  await store.write('report.html', renderHtml(document));
}

function summaryBlocks(runs: readonly ReportRun[], notes: readonly string[]): Block[] {
  const facts = runs.map((run) => {
    const { config, pointers, log } = run;
    const { labelled, unlabelled } = config.splits;
    const iterations = pointers.last?.iteration ?? log.at(-1)?.iteration ?? 0;
    const parts = [
      methodOf(config),
      labelled &&
        `${count(labelled.length, 'labelled case')}${unlabelled ? ` and ${unlabelled.length} without labels` : ''}`,
      count(iterations, 'iteration'),
      `seed ${config.seed}`,
      `${config.backend.name} (${config.backend.kernelBuild})`,
    ];
    return `${run.name}: ${parts.filter(Boolean).join(', ')}.`;
  });
  const paragraphs = notes.map((text): Block => ({ kind: 'paragraph', text }));
  return [...paragraphs, facts.length === 1 ? { kind: 'paragraph', text: facts[0]! } : { kind: 'list', items: facts }];
}

function resultBlocks(runs: readonly ReportRun[], scores: readonly Scored[]): Block[] {
  if (scores.length === 0) return [{ kind: 'paragraph', text: 'No evaluation yet: there is nothing to tabulate.' }];
  const blocks: Block[] = [
    {
      kind: 'table',
      table: mainTable(scores),
      caption:
        'Mean over cases ± standard deviation of that mean over 100 bootstrap resamples of the cases. The ± says nothing of other seeds.',
    },
    { kind: 'list', items: warnings(scores) },
  ];
  const byClass = classTable(scores);
  if (byClass) blocks.push({ kind: 'table', table: byClass, caption: 'The same, one class at a time.' });
  const groups = seedGroups(runs);
  const seeds = seedTable(groups);
  if (seeds) {
    const caption = 'Last checkpoints: mean over seeds ± standard deviation over seeds (n − 1).';
    blocks.push({ kind: 'table', table: seeds, caption });
  }
  const paired = pairedTable(groups);
  if (paired) {
    const caption =
      'Differences in Dice of the last checkpoints, paired by seed, with the 95 % interval by Student’s t. An interval that contains 0 shows no difference.';
    blocks.push({ kind: 'table', table: paired, caption });
  }
  return blocks.filter((block) => block.kind !== 'list' || block.items.length > 0);
}

/** What a reader must know before quoting the table. */
function warnings(scores: readonly Scored[]): string[] {
  const kinds = new Set(scores.map(({ checkpoint }) => checkpoint));
  const chosen = scores.find(({ checkpoint }) => checkpoint === 'best')?.run.pointers.best?.score;
  const texts: (string | false)[] = [
    'last: the network after the last iteration; nothing was chosen by its score.',
    kinds.has('best') &&
      `best: the checkpoint with the best ${chosen?.metric ?? 'score'} on ${chosen?.split ?? 'val'}. On that split itself its score is optimistic.`,
    kinds.has('best-on-test') &&
      'best-on-test: CHOSEN ON THE TEST CASES it is scored on, so its score is optimistic. Many published tables print this; do not compare it with a last checkpoint.',
    ...scores.map(({ run, checkpoint, evaluation }) => {
      const empty = summarize(evaluation.rows, { resamples: 1 }).emptyPredictions;
      return (
        empty > 0 &&
        `${run.name}, ${checkpoint} on ${evaluation.split}: ${count(empty, 'prediction')} (a class of a case) had no voxel. By the published convention they count as 0 in every column, which FLATTERS the distances (marked *).`
      );
    }),
  ];
  return texts.filter((text) => text !== false);
}

function curveBlocks(runs: readonly ReportRun[]): Block[] {
  const groups = seedGroups(runs);
  const logs =
    runs.length === 1
      ? runs.map(({ log }) => ({ name: '', log }))
      : groups.flatMap(({ name, runs }, i) => runs.map(({ log }) => ({ name, log, colour: colour(i) })));
  const evaluated = runs.some((run) => scoresOf(run).length > 0);
  const same = groups.some(({ runs }) => runs.length > 1) ? ' Lines of one colour are seeds of one configuration.' : '';
  const scored: Block[] = [
    svgFigure('dice.svg', diceChart(logs), `Dice at every evaluation during training.${same}`),
    svgFigure(
      'hd95.svg',
      hd95Chart(logs),
      '95HD at every evaluation during training. Empty predictions have no surface and are left out here (tables count them as 0).',
    ),
  ];
  const losses = runs.map((run, i) =>
    svgFigure(
      `losses-${i + 1}.svg`,
      lossChart(runs.length === 1 ? { ...run, name: '' } : run),
      'Training losses: values faint, moving average solid.',
    ),
  );
  const folded: Block[] = losses.length > 1 ? [{ kind: 'folded', summary: 'Losses', blocks: losses }] : losses;
  return [...(evaluated ? scored : []), ...folded];
}

function caseBlocks(scores: readonly Scored[], seeds: readonly SeedGroup[]): Block[] {
  const splits = [...new Set(scores.map(({ evaluation }) => evaluation.split))];
  const plots = splits.map((split) => {
    const own = scores.filter(({ checkpoint, evaluation }) => checkpoint === 'last' && evaluation.split === split);
    const groups = own.map(({ run, evaluation }) => ({
      name: run.name,
      colour: colour(seeds.findIndex(({ runs }) => runs.includes(run))),
      values: evaluation.rows.flatMap(({ mean }) => (mean.dice === null ? [] : [100 * mean.dice])),
    }));
    const plot = boxPlot(groups, { title: `Dice of each case, ${split}`, y: 'Dice (%)' });
    const caption =
      'Last checkpoints. A dot is a case; box: quartiles, line: median, diamond: mean, whiskers: furthest case within 1.5 box heights.';
    return svgFigure(`cases-${split}.svg`, plot, caption);
  });
  const tables = scores.map(
    (scored): Block => ({
      kind: 'folded',
      summary: `${scored.run.name}, ${scored.checkpoint} on ${scored.evaluation.split}: every case`,
      blocks: [{ kind: 'table', table: caseTable(scored), caption: 'The worst Dice first.' }],
    }),
  );
  return [...plots, ...tables];
}

function pictureBlocks(scores: readonly Scored[], most: number): Block[] {
  // Where the last checkpoint is the best too, its pictures come once.
  const shown = scores.filter((one, i) => scores.findIndex((other) => other.evaluation === one.evaluation) === i);
  return shown.flatMap(({ run, checkpoint, evaluation }) => {
    const { split, iteration } = evaluation;
    const own = run.overlays.filter((overlay) => overlay.split === split && overlay.iteration === iteration);
    const dice = new Map(evaluation.rows.map((row) => [row.id, row.mean.dice]));
    const sorted = own.sort((a, b) => (dice.get(a.id) ?? 2) - (dice.get(b.id) ?? 2)).slice(0, most);
    if (sorted.length === 0) return [];
    const figures = sorted.map(({ id, png }): Block => {
      const caption = `${run.name}, case ${id}: Dice ${formatMetric('dice', dice.get(id) ?? null)} %`;
      return {
        kind: 'figure',
        figure: { file: `${fileName(run.name)}-${checkpoint}-${fileName(id)}.png`, content: png, caption },
      };
    });
    const text = `${run.name}, ${checkpoint} checkpoint on ${split}: the ${sorted.length} worst of ${own.length} cases, worst first. Three planes through the middle of the reference. Outlines: reference light blue (further classes green, yellow), prediction orange (pink, red).`;
    return [{ kind: 'paragraph', text }, ...figures];
  });
}

function definitions(scores: readonly Scored[]): string[] {
  return [
    'Dice = 2·|P ∩ R| / (|P| + |R|), Jaccard = |P ∩ R| / |P ∪ R|, over voxels of prediction P and reference R, in per cent.',
    'Surfaces are the voxels of an object with a face neighbour outside it; distances are exact Euclidean distances between voxel centres of two surfaces.',
    '95HD: 95th percentile of the distances of both directions in one list. ASD: mean distance in ONE direction, from prediction to reference, as published tables have it. ASSD: mean of the average distances of both directions.',
    'Columns in voxels ignore the spacing, as published tables do; columns in mm use it.',
    ...(scores.some(({ evaluation }) => (evaluation.rows[0]?.classes.length ?? 0) > 1)
      ? ['With several foreground classes, the value of a case is the mean over the classes that are there.']
      : []),
    'An empty prediction scores 0 in every column; a class that is in neither is left out; where only the reference is empty, Dice is 0 and distances are left out.',
  ];
}

function settingsBlock({ name, config }: ReportRun): Block {
  const { settings, recipe, backend, packages, seed, splits } = config;
  const sizes = Object.fromEntries(Object.entries(splits).map(([split, ids]) => [split, count(ids.length, 'case')]));
  const text = JSON.stringify({ seed, settings, recipe, splits: sizes, backend, packages }, null, 2);
  return { kind: 'folded', summary: name, blocks: [{ kind: 'code', text }] };
}

const svgFigure = (file: string, drawing: Drawing, caption: string): Block => ({
  kind: 'figure',
  figure: { file, content: svgFile(drawing, caption), caption },
});

const fileName = (text: string): string => text.replace(/[^A-Za-z0-9.-]+/g, '_');
