import { CrlnError, triple } from '@crln/core';
import { batchLoader, type OpenLoader } from '@crln/data';
import { activationPrecision } from '@crln/ops';
import { getBackend } from '@tensorflow/tfjs-core';
import { loadCheckpoint, saveCheckpoint } from './checkpoint/checkpoint.js';
import { appendLog, cutLog } from './checkpoint/log.js';
import { readPointer } from './checkpoint/pointers.js';
import type { BestScore } from './checkpoint/types.js';
import type { TrainingData } from './data.js';
import type { EvaluationCase } from './evaluate.js';
import type { AnyMethod } from './method.js';
import { scheduledRate } from './optimizers/schedule.js';
import { parseSettings } from './parseSettings.js';
import { saveOverlay } from './report/runs.js';
import { type TrainSettings, type TrainSettingsInput, trainSettings } from './settings.js';
import type { RunStore } from './store/runStore.js';
import { type EvaluationPlan, evaluate } from './trainer/evaluation.js';
import type { TrainEvent } from './trainer/events.js';
import { LossBuffer, meanLosses, type ReadLosses } from './trainer/lossBuffer.js';
import { checkMemory, checkPatch } from './trainer/memory.js';
import { pause, unlessAborted } from './trainer/pause.js';
import { Session } from './trainer/session.js';
import { Stopwatch } from './trainer/stopwatch.js';
import { windowStarts } from './windows.js';

export interface TrainOptions {
  method: AnyMethod;
  /** The method's own settings. */
  options?: unknown;
  /** All other settings. */
  settings?: TrainSettingsInput;
  data: TrainingData;
  /**
   * Who makes the batches. Default: this thread, between two steps. In Node, `workerLoader()` of `@crln/data/node` has them ready when a
   * step ends; they are the same.
   */
  loader?: OpenLoader;
  /** Where checkpoints and the log go. */
  store: RunStore;
  evaluation?: EvaluationPlan;
  /** Go on from the last checkpoint; from the start where there is none. */
  resume?: boolean;
  /** Finishes the iteration, or stops waiting for its batch; saves, and ends with the event `interrupted`. */
  signal?: AbortSignal;
  /** Bytes that an iteration may take, by {@link estimateMemory}; more is refused. Default: nothing is. */
  memoryLimit?: number;
}

/**
 * Trains a method, and tells what happens as it happens. Everything random is a function of (seed, use, iteration): a run resumed from a
 * checkpoint goes on bit for bit (on the same backend and kernel build).
 *
 * Losses are read back, checked and logged every `logEvery` iterations and before each checkpoint, so that no checkpoint follows a loss
 * that is no number. The evaluation at the end also leaves a picture of every case. Breaking out of the loop ends the run without saving; `signal` saves first.
 *
 * @throws CrlnError `unknown-option`, `invalid-option`, `invalid-shape` (patch), `invalid-data`, `out-of-memory`, `run-exists`,
 * `not-finite` naming iteration and cases (the last good checkpoint is kept), `settings-differ`, and the store's own
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void, undefined> {
  const { method, data, store, evaluation, signal } = options;
  const settings = parseSettings(trainSettings, options.settings ?? {}, 'training settings') as TrainSettings;
  const methodOptions = parseSettings(method.options, options.options ?? {}, `method ${method.name}`);
  const { iterations, patch, network, seed, batch } = settings;
  const { classes, inChannels = 1 } = data;
  const needs = method.needs(methodOptions);
  checkPatch(patch, network.levels);
  if (evaluation) windowStarts(patch, triple(evaluation.window?.roiSize ?? patch, 'roiSize'), evaluation.window);
  const used: [number, number] = [batch[0], needs.unlabelled ? batch[1] : 0];
  const footprint = method.footprint?.(methodOptions, network);
  const gpu = getBackend().endsWith('webgpu');
  const question = { network, patch, batch: used, classes, ...footprint, precision: activationPrecision(), gpu };
  const memoryBytes = checkMemory(question, options.memoryLimit ?? Number.POSITIVE_INFINITY);
  const { augmentation } = settings;
  const loader = (options.loader ?? batchLoader)(data, { seed, patch, batch, needs, augmentation, iterations });

  const started = await store.exists('last.json');
  if (started && !options.resume) {
    throw new CrlnError('run-exists', `${store.location} holds a run already: resume it or choose another place`, {
      location: store.location,
    });
  }
  const { optimizer } = settings;
  const context = { options: methodOptions, classes, inChannels, patch, seed, network, optimizer };
  const session = new Session(method, context);
  const losses = new LossBuffer();
  try {
    const checkpoint = started ? await loadCheckpoint(store, 'last') : undefined;
    if (checkpoint) session.restore(checkpoint);
    let done = checkpoint?.iteration ?? 0;
    let saved = checkpoint ? done : -1;
    await cutLog(store, done);
    const { parameters } = session;
    yield { type: 'start', iteration: done, iterations, resumed: started, memoryBytes, parameters };

    const watch = new Stopwatch();
    const report = async (): Promise<TrainEvent> => {
      const read = await losses.read();
      for (const line of read) await appendLog(store, { kind: 'step', ...line });
      const { learningRate } = read.at(-1) as ReadLosses;
      const times = watch.means(read.length);
      return { type: 'step', iteration: done, iterations, losses: meanLosses(read), learningRate, ...times };
    };
    while (done < iterations && !signal?.aborted) {
      const raw = await watch.waitFor(() => unlessAborted(loader.batch(done), signal));
      if (!raw) break;
      const prepared = await session.prepare(raw, done, iterations);
      const found = session.step(raw, done, iterations, prepared);
      const learningRate = scheduledRate(optimizer.schedule, optimizer.learningRate, done, iterations);
      done++;
      const caseIds = [...raw.labelled.caseIds, ...(raw.unlabelled?.caseIds ?? [])];
      losses.add({ iteration: done, learningRate, caseIds, losses: found });
      await pause();

      const last = done === iterations;
      const evaluates = evaluation !== undefined && (last || done % evaluation.every === 0);
      const saves = last || evaluates || done % settings.saveEvery === 0;
      if (saves || signal?.aborted || done % settings.logEvery === 0) {
        yield await report();
        watch.restart();
      }
      if (saves) {
        const marks: { best?: BestScore; bestOnTest?: BestScore } = {};
        if (evaluation && evaluates) {
          const { split, metric = 'dice' } = evaluation;
          const at = { split, iteration: done };
          const { rows, summary, score } = await evaluate(evaluation, session.predict, {
            roiSize: patch,
            classes,
            // The report shows the cases of the finished run.
            ...(last && {
              onCase: ({ id, label: reference, ...volumes }: EvaluationCase, prediction: Uint8Array) =>
                saveOverlay(store, { ...at, id }, { ...volumes, reference, prediction }),
            }),
          });
          await appendLog(store, { kind: 'evaluation', iteration: done, split, rows });
          const pointer = split === 'val' ? 'best' : 'best-on-test';
          const before = (await readPointer(store, pointer))?.score?.value ?? Number.NEGATIVE_INFINITY;
          const best = (split === 'val' || evaluation.bestOnTest === true) && score !== null && score > before;
          if (best) marks[split === 'val' ? 'best' : 'bestOnTest'] = { split, metric, value: score as number };
          yield { type: 'evaluation', iteration: done, split, summary, rows, best };
        }
        await saveCheckpoint(store, done, await session.snapshot({ seed, iterations }), marks);
        saved = done;
        yield { type: 'checkpoint', iteration: done };
        watch.restart();
      }
    }
    if (losses.size > 0) yield await report();
    if (done < iterations) {
      if (saved !== done) {
        await saveCheckpoint(store, done, await session.snapshot({ seed, iterations }));
        yield { type: 'checkpoint', iteration: done };
      }
      yield { type: 'interrupted', iteration: done };
    } else {
      yield { type: 'done', iteration: done };
    }
  } finally {
    await loader.close();
    losses.dispose();
    session.dispose();
  }
}
