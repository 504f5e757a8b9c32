import { basename, join } from 'node:path';
import { CrlnError } from '@crln/core';
import { workerLoader } from '@crln/data/node';
import { type EvaluationSummary, openRun, type RunConfig, train } from '@crln/train';
import { type FolderStore, folderStore } from '@crln/train/node';
import { type Args, type Context, UsageError } from '../command.js';
import { startProgress } from '../progress.js';
import { mergeSettings, readSettings, type Settings, settingAt, settingsOf } from '../settings.js';
import { decimals } from '../table.js';
import { backendFlags, packageVersions, startBackend } from './environment.js';
import { planRun, type RunPlan } from './plan.js';
import { recipeSettings } from './recipes.js';
import { drawCurves, writeRunReport } from './report.js';
import { methodSettings, type RunSettings, resolveSettings, trainerSettings, windowSettings } from './settings.js';
import { evaluationCases } from './source.js';
import { existingRun } from './stored.js';

/** `crln train`: decides, checks, opens the run folder, trains, tells. */
export async function runTraining(context: Context): Promise<unknown> {
  const { args, note } = context;
  const out = args.required('out');
  if (args.flag('resume') && args.flag('overwrite'))
    throw new UsageError('--resume and --overwrite exclude each other');
  const given = await givenSettings(args);
  const stored = await existingRun(out, { resume: args.flag('resume'), overwrite: args.flag('overwrite') });
  const all = stored ? mergeSettings(stored.settings, given) : given;
  if ((all.data as Settings | undefined)?.source === undefined) throw new UsageError('--data is missing');
  const recipe = args.text('recipe');
  const settings = resolveSettings(recipe === undefined ? all : await overRecipe(context, recipe, given, stored));

  const { backend, threads, reason, memoryLimit } = await startBackend(settings.backend);
  const crew = threads === undefined ? '' : `, ${threads} thread${threads === 1 ? '' : 's'}`;
  note(`Backend ${backend.name} (${backend.kernelBuild}${crew}): ${reason}.`);
  const plan = await planRun(settings, memoryLimit, stored);
  if (context.io.signal.aborted)
    throw new CrlnError('aborted', 'stopped before the first iteration; nothing was written');
  const { selection, memoryBytes } = plan;
  for (const line of selection.notes) note(`Note: ${line}.`);
  note(
    `${plan.method.name} on ${selection.labelled.length} labelled and ${selection.unlabelled.length} other cases; an iteration takes about ${(memoryBytes / 2 ** 20).toFixed(0)} MiB.`,
  );
  const config: Omit<RunConfig, 'format'> = {
    settings: lasting(settings),
    seed: settings.seed,
    recipe: plan.recipe as unknown as RunConfig['recipe'],
    splits: splitsOf(plan),
    backend,
    packages: packageVersions(),
  };
  const store = await folderStore(out);
  try {
    return await work(context, store, settings, plan, config, memoryLimit);
  } finally {
    await store.close();
  }
}

/** What a run keeps of its settings: how kernels are cut up is a matter of the machine that it is on. */
function lasting({ backend: { tiles: _, ...backend }, ...settings }: RunSettings): RunConfig['settings'] {
  return { ...settings, backend } as unknown as RunConfig['settings'];
}

/** A recipe lies under what else is given, and over what a stored run says: a run of another one does not go on. */
async function overRecipe({ note }: Context, recipe: string, given: Settings, stored?: RunConfig): Promise<Settings> {
  const base = stored?.settings ?? {};
  const chosen = await recipeSettings(recipe, mergeSettings(base, given));
  note(`Note: ${chosen.note}.`);
  return mergeSettings(base, mergeSettings(chosen.settings, given));
}

/** Settings of the file, then of the flags, then of --set. */
async function givenSettings(args: Args): Promise<Settings> {
  const file = args.text('config');
  const flags: [string, unknown][] = [
    ['data.source', args.text('data')],
    ['method', args.text('method')],
    ['methods.crln.variant', args.text('variant')],
    ['data.labelled', args.number('labelled', { min: 0 })],
    ['iterations', args.number('iterations', { min: 1, whole: true })],
    ['patch', args.numbers('patch', 3, { min: 1 })],
    ['network.baseFilters', args.number('base-filters', { min: 1, whole: true })],
    ['network.levels', args.number('levels', { min: 1, whole: true })],
    ['batch', args.numbers('batch', 2)],
    ['optimizer.learningRate', args.number('lr', { min: 0 })],
    ['data.spacing', spacingOf(args.text('spacing'))],
    ['data.workers', args.number('workers', { min: 0, whole: true })],
    ['evaluation.every', args.number('eval-every', { min: 1, whole: true })],
    ['seed', args.number('seed', { whole: true })],
    ...Object.entries(backendFlags(args)).map(([name, value]): [string, unknown] => [`backend.${name}`, value]),
  ];
  let all = file === undefined ? {} : await readSettings(file);
  for (const [path, value] of flags) {
    if (value !== undefined) all = mergeSettings(all, settingAt(path.split('.'), value));
  }
  return mergeSettings(all, settingsOf(args.all('set')));
}

function spacingOf(text: string | undefined): unknown {
  if (text === undefined || text === 'median' || text === 'native') return text;
  const values = text.split(',').map(Number);
  if (values.length === 3 && values.every((mm) => mm > 0)) return values;
  throw new UsageError(`--spacing: expected median, native or three positive numbers, got '${text}'`);
}

function splitsOf({ selection }: RunPlan): Record<string, string[]> {
  const { train, labelled, unlabelled, val, test } = selection;
  return { train: [...train], labelled: [...labelled], unlabelled: [...unlabelled], val: [...val], test: [...test] };
}

async function work(
  context: Context,
  store: FolderStore,
  settings: RunSettings,
  plan: RunPlan,
  config: Omit<RunConfig, 'format'>,
  memoryLimit: number,
): Promise<unknown> {
  const { args, io, note, print } = context;
  const resume = args.flag('resume');
  const { resumed, environment } = await openRun(store, config, {
    resume,
    overwrite: args.flag('overwrite'),
    // Where the data lies and which engine runs may change, what they are is compared by itself; who makes the batches, and whether
    // activations are kept, changes nothing.
    ignore: ['settings.data.source', 'settings.data.workers', 'settings.network.recompute', 'settings.backend'],
  });
  if (environment.length > 0) {
    const list = environment.map(
      ({ key, stored, wanted }) => `${key} (${JSON.stringify(stored)} → ${JSON.stringify(wanted)})`,
    );
    note(`Note: the run does not continue bit for bit, since these differ: ${list.join(', ')}.`);
  }
  const { val, test } = plan.selection;
  const split = val.length > 0 ? ('val' as const) : ('test' as const);
  const ids = split === 'val' ? val : test;
  const { roiSize: _, ...window } = windowSettings(settings);
  const evaluation = {
    every: settings.evaluation.every ?? settings.iterations,
    split,
    cases: () => evaluationCases(plan.dataset, plan.recipe, ids),
    window,
    bestOnTest: settings.evaluation.bestOnTest,
    largestComponent: settings.evaluation.largestComponent,
  };
  const events = train({
    method: plan.method,
    options: methodSettings(settings),
    settings: trainerSettings(settings),
    data: plan.data,
    loader: workerLoader({ workers: settings.data.workers }),
    store,
    ...(ids.length > 0 && { evaluation }),
    resume: resumed,
    signal: io.signal,
    memoryLimit,
  });
  const name = basename(store.location);
  const start = performance.now();
  let progress: Awaited<ReturnType<typeof startProgress>> | undefined;
  let summary: EvaluationSummary | undefined;
  let iteration = 0;
  let losses: Record<string, number> = {};
  const times = { steps: 0, waiting: 0 };
  try {
    for await (const event of events) {
      const passed = event.iteration - iteration;
      iteration = event.iteration;
      if (event.type === 'start') {
        note(
          `${event.parameters.toLocaleString('en-US')} trained parameters; iterations ${event.iteration} to ${event.iterations}.`,
        );
        progress = await startProgress(context, event.iterations, event.iteration, args.flag('json'));
      } else if (event.type === 'checkpoint') {
        await drawCurves(store, name);
      } else if (event.type === 'step') {
        losses = event.losses;
        times.steps += passed * event.milliseconds;
        times.waiting += passed * event.waitingMilliseconds;
        progress?.update(iteration, stepText(event.losses, event.milliseconds, event.iterations - iteration));
      } else if (event.type === 'evaluation') {
        summary = event.summary;
        const { dice, hd95 } = summary.mean;
        progress?.say(
          `iteration ${iteration}: ${event.split} Dice ${decimals(dice.mean, 4)}, 95HD ${decimals(hd95.mean, 2)} voxels${event.best ? ' (best so far)' : ''}`,
        );
      }
    }
  } finally {
    progress?.stop();
  }
  const seconds = (performance.now() - start) / 1000;
  await writeRunReport(store, name);
  const finished = iteration >= settings.iterations;
  const waiting = times.steps > 0 ? times.waiting / times.steps : 0;
  if (finished) {
    print(
      `Done: ${iteration} iterations in ${seconds.toFixed(0)} s; steps waited for data ${(100 * waiting).toFixed(1)} % of their time. Report: ${join(store.location, 'report.html')}`,
    );
  } else
    print(`Stopped and saved at iteration ${iteration}. Go on with: crln train --out ${args.text('out')} --resume`);
  const labels = { labelled: plan.selection.labelled.length, unlabelled: plan.selection.unlabelled.length };
  return {
    run: store.location,
    method: plan.method.name,
    iteration,
    finished,
    seconds,
    waiting,
    ...labels,
    losses,
    split,
    summary,
  };
}

function stepText(losses: Record<string, number>, milliseconds: number, left: number): string {
  const minutes = (left * milliseconds) / 60_000;
  const names = Object.entries(losses).map(([name, value]) => `${name} ${value.toPrecision(3)}`);
  return `${names.join('  ')}  ${milliseconds.toFixed(0)} ms a step, ${minutes.toFixed(1)} min left`;
}
