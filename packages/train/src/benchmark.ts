import { stream } from '@crln/core';
import type { RawBatch } from '@crln/data';
import { dispose } from '@tensorflow/tfjs-core';
import type { AnyMethod } from './method.js';
import { parseSettings } from './parseSettings.js';
import { type TrainSettings, type TrainSettingsInput, trainSettings } from './settings.js';
import { Session } from './trainer/session.js';

export interface BenchmarkOptions {
  method: AnyMethod;
  /** The method's own settings. */
  options?: unknown;
  settings?: TrainSettingsInput;
  classes?: number;
}

/** A method, built, and steps of it on made-up patches. */
export interface BenchmarkedMethod {
  /** One step, to its end; the loss. */
  step(): Promise<number>;
  /** How many numbers are trained. */
  parameters: number;
  dispose(): void;
}

/** Past every warm-up: with the teacher's map, and with prototypes in the positives. */
const FIRST = 2000;

/**
 * Steps of a method on the current backend for a measurement of what they cost. Patches are noise with a slab of each class, the same at
 * every step: loading and augmentation are not in it.
 */
export function benchmarkMethod({ method, options, settings, classes = 2 }: BenchmarkOptions): BenchmarkedMethod {
  const all = parseSettings(trainSettings, settings ?? {}, 'settings') as TrainSettings;
  const chosen = parseSettings(method.options, options ?? {}, `method ${method.name}`);
  const session = new Session(method, { ...all, options: chosen, classes, inChannels: 1 });
  const needs = method.needs(chosen);
  const raw = batchOf(all, classes, needs.unlabelled, needs.strong);
  let iteration = FIRST;
  return {
    parameters: session.parameters,
    async step() {
      const prepared = await session.prepare(raw, iteration, 100 * FIRST);
      const losses = session.step(raw, iteration++, 100 * FIRST, prepared);
      const [value] = await losses.loss!.data();
      dispose(losses);
      return value as number;
    },
    dispose: () => session.dispose(),
  };
}

function batchOf(
  { patch, batch, seed }: TrainSettings,
  classes: number,
  unlabelled: boolean,
  strong: boolean,
): RawBatch {
  const voxels = patch[0] * patch[1] * patch[2];
  const noise = (count: number, what: string) => {
    const rng = stream(seed, `benchmark/${what}`);
    return Float32Array.from({ length: count * voxels }, () => rng.uniform());
  };
  const [known, other] = batch;
  const ids = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);
  const labels = Int32Array.from({ length: known * voxels }, (_, i) => Math.floor(((i % voxels) * classes) / voxels));
  return {
    labelled: { images: noise(known, 'labelled'), labels, shape: patch, caseIds: ids(known) },
    ...(unlabelled && {
      unlabelled: {
        images: noise(other, 'unlabelled'),
        shape: patch,
        caseIds: ids(other),
        ...(strong && {
          strong: { images: noise(other, 'strong'), index: Int32Array.from({ length: other * voxels }, (_, i) => i) },
        }),
      },
    }),
  };
}
