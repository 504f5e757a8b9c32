import { stat } from 'node:fs/promises';
import { CrlnError, type Triple } from '@crln/core';
import { assertSameGrid, labelCounts, labelsToClasses, labelTable, type Volume } from '@crln/data';
import { readVolume, volumesIn } from '@crln/data/node';
import type { CaseRow } from '@crln/train';
import type { Command } from '../command.js';
import { metricsTable } from '../metricsTable.js';

interface Pair {
  id: string;
  prediction: string;
  reference: string;
}

const command: Command = {
  meta: {
    name: 'metrics',
    description: 'Dice, Jaccard, 95 % Hausdorff and surface distances of label volumes, a class and their mean',
  },
  args: {
    prediction: { type: 'string', required: true, valueHint: 'FILE|DIR', description: 'Predicted labels' },
    reference: { type: 'string', required: true, valueHint: 'FILE|DIR', description: 'True labels, of the same names' },
  },
  examples: [
    'crln metrics --prediction predicted.nii.gz --reference truth.nii.gz',
    'crln metrics --prediction runs/first/predictions --reference data/labels --json',
  ],
  async run({ args, io, print, note }) {
    const { evaluateCase, summarize } = await import('@crln/train');
    const pairs = await pairsOf(args.required('prediction'), args.required('reference'), note);
    const values = new Set<number>();
    for (const pair of pairs) {
      for (const path of [pair.prediction, pair.reference]) {
        for (const value of labelCounts(await readLabel(path), path).keys()) values.add(value);
      }
    }
    // A table needs one class at least, even where all labels are empty.
    const table = values.size < 2 && !values.has(1) ? labelTable([...values, 1]) : labelTable(values);
    const rows: CaseRow[] = [];
    for (const { id, ...paths } of pairs) {
      if (io.signal.aborted) throw new CrlnError('aborted', 'stopped');
      const prediction = await readLabel(paths.prediction);
      const reference = await readLabel(paths.reference);
      assertSameGrid(reference, prediction, id);
      const classes = [
        labelsToClasses(prediction, table, paths.prediction),
        labelsToClasses(reference, table, paths.reference),
      ] as const;
      const { shape, spacing } = reference;
      rows.push({ id, ...evaluateCase(...classes, shape as Triple, spacing as Triple, table.length) });
    }
    const summary = summarize(rows);
    print(metricsTable(rows, summary, table));
    return { labels: table, cases: rows, summary };
  },
};
export default command;

const readLabel = (path: string): Promise<Volume> => readVolume(path, { dataset: 'label' });

/** Two files, or the files of one name in two folders. */
async function pairsOf(prediction: string, reference: string, note: (line: string) => void): Promise<Pair[]> {
  const [a, b] = await Promise.all([isFolder(prediction), isFolder(reference)]);
  if (a !== b) {
    throw new CrlnError('invalid-argument', `${prediction} and ${reference}: give two files or two folders`, {
      prediction,
      reference,
    });
  }
  if (!a) return [{ id: prediction, prediction, reference }];
  const predictions = (await volumesIn(prediction))!;
  const references = (await volumesIn(reference))!;
  const pairs = [...predictions].flatMap(([id, path]) => {
    const truth = references.get(id);
    if (truth === undefined) note(`${path}: there is no reference of this name in ${reference}; left out`);
    return truth === undefined ? [] : [{ id, prediction: path, reference: truth }];
  });
  if (pairs.length === 0) {
    throw new CrlnError(
      'invalid-data',
      `${prediction} and ${reference}: no volume has the same name in both (${predictions.size} and ${references.size} volumes)`,
      { prediction, reference },
    );
  }
  return pairs;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw new CrlnError('file-not-found', `${path}: there is no such file or folder`, { path }, { cause });
  }
}
