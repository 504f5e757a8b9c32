import { resolve } from 'node:path';
import { CrlnError, type Triple } from '@crln/core';
import { findMethod, parseSettings, type TrainSettingsInput, trainSettings } from '@crln/train';
import * as z from 'zod';
import { mergeSettings, type Settings } from '../settings.js';

const count = z.int().positive();
const whole = z.int().nonnegative();
const sides = z.tuple([count, count, count]);

const dataSettings = z.strictObject({
  /** A data set folder, or `phantom`. */
  source: z.string().min(1),
  /** What images and labels are called in HDF5 files. */
  datasets: z
    .strictObject({ image: z.string().min(1).default('image'), label: z.string().min(1).default('label') })
    .optional(),
  /** How many training cases show their label; below 1: which fraction of them. Absent: as the data set says. */
  labelled: z.number().positive().optional(),
  /** Take the last so many training cases with a label for validation. */
  holdOut: whole.default(0),
  orientation: z.string().default('RAS'),
  /** Spacing in mm that cases are resampled to. */
  spacing: z
    .union([
      z.enum(['native', 'median']),
      z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
    ])
    .default('median'),
  normalisation: z.enum(['minmax', 'zscore', 'percentile-zscore', 'none']).default('percentile-zscore'),
  /** Threads that make batches; 0: none, between two steps. Absent: 1, or 0 where there is only one core. */
  workers: whole.max(64).optional(),
  /** Of the source `phantom`. */
  phantom: z
    .strictObject({
      seed: z.int().default(0),
      shape: sides.default([48, 36, 24]),
      classes: z.union([z.literal(2), z.literal(3)]).default(2),
      train: count.default(40),
      val: whole.default(4),
      test: whole.default(12),
    })
    .optional(),
});

const evaluationSettings = z.strictObject({
  /** Iterations between two evaluations; always one at the end. Absent: at the end only. */
  every: count.optional(),
  /** Voxels between windows, a number or one an axis; or `overlap`. */
  stride: z.union([count, sides]).optional(),
  overlap: z.number().min(0).lt(1).optional(),
  mode: z.enum(['constant', 'gaussian']).default('constant'),
  batchSize: count.default(1),
  largestComponent: z.boolean().default(false),
  /** Without a validation split: also keep the checkpoint that is best on the test cases. */
  bestOnTest: z.boolean().default(false),
});

/** Every setting of a run: those of the trainer, of its data, its evaluation, its backend, and of each method by name. */
const runSettings = trainSettings.extend({
  method: z.string().default('crln'),
  /** Settings of methods, by the method's name. Only those of `method` count. */
  methods: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  data: dataSettings,
  evaluation: evaluationSettings.prefault({}),
  backend: z
    .strictObject({
      name: z.enum(['auto', 'wasm', 'webgpu', 'tensorflow', 'cpu']).default('auto'),
      /** Of the backend wasm; absent: `CRLN_THREADS`, else all cores. */
      threads: z.int().min(1).max(256).optional(),
      /** Of the backend webgpu: how activations are stored. */
      precision: z.enum(['f32', 'f16']).default('f32'),
      /** Of the backend webgpu: a file that `crln bench --tune` wrote for this GPU. */
      tiles: z.string().optional(),
    })
    .prefault({}),
});
export type RunSettings = z.infer<typeof runSettings>;

/** What suits the phantom: its volumes are small. Anything given replaces it. */
const PHANTOM: Settings = {
  iterations: 1000,
  patch: [32, 32, 16],
  network: { baseFilters: 8, levels: 3 },
  optimizer: { learningRate: 0.01 },
  methods: { crln: { warmUp: 200 } },
};

/**
 * Checks settings and fills in what is absent.
 *
 * Inputs that are min-max normalised and inputs that are z-scored want different augmentation: the defaults of
 * `augmentation.weak.minmax`, `.brightness` and `augmentation.strong.normalise` follow `data.normalisation`.
 *
 * @throws CrlnError `unknown-option` naming the nearest key, `invalid-option`
 */
export function resolveSettings(given: Settings): RunSettings {
  const data = (given.data ?? {}) as Settings;
  const minmax = data.normalisation === 'minmax';
  let base: Settings = {
    augmentation: { weak: { minmax, brightness: minmax }, strong: { normalise: minmax ? 'minmax' : 'none' } },
  };
  if (data.source === 'phantom') base = mergeSettings(mergeSettings(base, PHANTOM), { data: { phantom: {} } });
  const settings: RunSettings = parseSettings(runSettings, mergeSettings(base, given), 'settings');
  if (settings.augmentation.weak.minmax !== minmax) {
    throw new CrlnError(
      'invalid-option',
      `augmentation.weak.minmax is ${!minmax} and data.normalisation is '${settings.data.normalisation}': the network would train on other intensities than it predicts on; use minmax for both or for neither`,
      { option: 'augmentation.weak.minmax' },
    );
  }
  const method = findMethod(settings.method);
  // A misspelt key of any method that is named is an error.
  const methods = Object.entries({ [method.name]: {}, ...settings.methods }).map(
    ([name, options]) => [name, parseSettings(findMethod(name).options, options, `method ${name}`)] as const,
  );
  const source = settings.data.source === 'phantom' ? 'phantom' : resolve(settings.data.source);
  return {
    ...settings,
    methods: Object.fromEntries(methods.filter(([name]) => name === method.name)),
    data: { ...settings.data, source },
  };
}

/** The part of the settings that the trainer takes. */
export function trainerSettings(settings: RunSettings): TrainSettingsInput {
  const { method: _, methods: __, data: ___, evaluation: ____, backend: _____, ...rest } = settings;
  return rest;
}

/** The settings of the run's method. */
export const methodSettings = (settings: RunSettings): Record<string, unknown> =>
  settings.methods[settings.method] ?? {};

/** How to slide windows in evaluation and prediction. */
export function windowSettings({ evaluation, patch }: RunSettings) {
  const { stride, overlap, mode, batchSize } = evaluation;
  return {
    roiSize: patch as Triple,
    mode,
    batchSize,
    ...(stride !== undefined && { stride: stride as number | Triple }),
    ...(overlap !== undefined && { overlap }),
  };
}
