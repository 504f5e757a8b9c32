import { CrlnError } from '@crln/core';
import { labelsToClasses, type Volume } from '@crln/data';
import { type CaseRow, evaluateCases, summarize } from '@crln/train';
import type { Context } from '../command.js';
import { metricsTable } from '../metricsTable.js';
import { startProgress } from '../progress.js';
import { mergeSettings, settingAt, settingsOf } from '../settings.js';
import { openSource } from './source.js';
import { openTrained } from './trained.js';

/** `crln evaluate`: scores the network of a run on cases with labels, on their own grids. */
export async function runEvaluation(context: Context): Promise<unknown> {
  const { args, io, print } = context;
  const source = args.text('data');
  const over = settingsOf(args.all('set'));
  const trained = await openTrained(
    args.required('run'),
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
    const progress = await startProgress(context, chosen.length, 0, args.flag('json'));
    const predictor = async (one: { id: string; image: Volume }) => {
      const { labels } = await trained.predict(one.image, { signal: io.signal });
      return labelsToClasses(labels, recipe.labels, one.id);
    };
    const { largestComponent } = settings.evaluation;
    const rows: CaseRow[] = [];
    try {
      const options = { classes: recipe.labels.length, largestComponent, signal: io.signal };
      for await (const { row } of evaluateCases(predictor, cases(), options)) {
        rows.push(row);
        progress.update(rows.length, row.id);
      }
    } finally {
      progress.stop();
    }
    const summary = summarize(rows);
    print(metricsTable(rows, summary, recipe.labels));
    const { iteration } = trained;
    return { run: args.text('run'), checkpoint: args.text('checkpoint'), iteration, split, cases: rows, summary };
  } finally {
    trained.dispose();
  }
}
