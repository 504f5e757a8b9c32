import { join } from 'node:path';
import { CrlnError, isCrlnError } from '@crln/core';
import { labelsToClasses, type Volume } from '@crln/data';
import { type CaseRow, evaluateCases, summarize } from '@crln/train';
import type { Context } from '../command.js';
import { metricsTable } from '../metricsTable.js';
import { startProgress } from '../progress.js';
import { mergeSettings, settingAt } from '../settings.js';
import { openRecorder } from './record.js';
import { openSource } from './source.js';
import { openTrained, overSettings } from './trained.js';

/** `crln evaluate`: scores the network of a run on cases with labels, on their own grids. */
export async function runEvaluation(context: Context): Promise<unknown> {
  const { args, io, print, note } = context;
  const folder = args.required('run');
  const source = args.text('data');
  const over = overSettings(args);
  const trained = await openTrained(
    folder,
    args.text('checkpoint')!,
    source === undefined ? over : mergeSettings(over, settingAt(['data', 'source'], source)),
  );
  try {
    const { settings, recipe, config } = trained;
    const dataset = await openSource(settings);
    const split = args.text('split') as 'test' | 'val' | 'train' | 'labelled' | 'all';
    const own = source === undefined && split !== 'all';
    const ids = own ? (config.splits[split] ?? []) : dataset.cases(split);
    const known = new Set(dataset.labelled);
    const chosen = ids.filter((id) => known.has(id));
    if (chosen.length === 0) {
      throw new CrlnError('invalid-data', `${dataset.name}: its split '${split}' has no case with a label`, {
        split,
      });
    }
    async function* cases() {
      for (const id of chosen) {
        const { image, label } = await dataset.load(id);
        const truth = label as Volume;
        const classes = labelsToClasses(truth, recipe.labels, truth.source ?? `label of ${id}`);
        yield { id, image, label: classes, shape: image.shape, spacing: image.spacing };
      }
    }
    const predictor = async (one: { id: string; image: Volume }) => {
      const { labels } = await trained.predict(one.image, { signal: io.signal });
      return labelsToClasses(labels, recipe.labels, one.id);
    };
    // Only what the run itself says belongs into its report: its own cases, its own windows.
    const recorder =
      own && Object.keys(over).length === 0 ? await recorderOf(folder, split, trained.iteration, note) : undefined;
    const progress = await startProgress(context, chosen.length, 0, args.flag('json'));
    const rows: CaseRow[] = [];
    try {
      const { largestComponent } = settings.evaluation;
      const options = { classes: recipe.labels.length, largestComponent, signal: io.signal };
      for await (const { row, prediction, case: one } of evaluateCases(predictor, cases(), options)) {
        rows.push(row);
        const { id, image, label: reference, shape, spacing } = one;
        await recorder?.picture(id, { image: image.data, prediction, reference, shape, spacing });
        progress.update(rows.length, id);
      }
      await recorder?.finish(rows);
    } finally {
      progress.stop();
      await recorder?.close();
    }
    const summary = summarize(rows);
    print(metricsTable(rows, summary, recipe.labels));
    if (recorder) print(`Report: ${join(folder, 'report.html')}`);
    const { iteration } = trained;
    return { run: folder, checkpoint: args.text('checkpoint'), iteration, split, cases: rows, summary };
  } finally {
    trained.dispose();
  }
}

/** A run that cannot be written to, or that another process works in, is evaluated all the same. */
async function recorderOf(folder: string, split: string, iteration: number, note: (line: string) => void) {
  try {
    return await openRecorder(folder, split, iteration);
  } catch (error) {
    if (!isCrlnError(error, 'file-access')) throw error;
    note(`Note: the scores are not kept in the run: ${error.message}`);
    return undefined;
  }
}
