import { type Triple, triple } from '@crln/core';
import * as z from 'zod';
import { scheduleSettings } from './optimizers/schedule.js';

const count = z.int().positive();

/** Which network, and how large. */
const networkSettings = z.strictObject({
  type: z.enum(['vNet', 'uNet3d']).default('vNet'),
  /** Channels of the first level. */
  baseFilters: count.default(16),
  /** Number of down-samplings; every side of the patch is a multiple of 2^levels. */
  levels: z.int().min(2).default(4),
  /** Absent: the network's own (0.5 for V-Net, 0.3 for 3D U-Net). */
  dropout: z.number().min(0).lt(1).optional(),
  /** How the decoder doubles the resolution. Absent: by transposed convolutions. */
  upsample: z.enum(['transposed', 'trilinear', 'nearest']).optional(),
  /** Compute activations again in the backward pass rather than keep them: less memory, more time, the same bits. Absent: no. */
  recompute: z.boolean().optional(),
});
export type NetworkSettings = z.infer<typeof networkSettings>;

/** SGD, and how its rate falls. */
export const optimizerSettings = z.strictObject({
  learningRate: z.number().positive().default(2.5e-3),
  momentum: z.number().min(0).lt(1).default(0.9),
  nesterov: z.boolean().default(true),
  weightDecay: z.number().nonnegative().default(5e-4),
  /** The first scale of the loss, which adapts. Absent: 65536 where activations are stored in half precision, else none. */
  lossScale: z.number().min(1).optional(),
  schedule: scheduleSettings.prefault({ type: 'poly' }),
});
export type OptimizerSettings = z.infer<typeof optimizerSettings>;

const normalise = z.enum(['minmax', 'none']);

/** Weak and strong augmentation; the names are those of `WeakOptions` and `StrongOptions` of `@crln/data`. */
const augmentationSettings = z.strictObject({
  weak: z
    .strictObject({
      rotate: z.boolean().default(true),
      flip: z.enum(['always', 'half', 'never']).default('half'),
      brightness: z.boolean().default(true),
      minmax: z.boolean().default(true),
    })
    .prefault({}),
  strong: z
    .strictObject({
      resize: z.boolean().default(true),
      cutMix: z.boolean().default(true),
      brightness: z.boolean().default(true),
      noise: z.boolean().default(true),
      turn: z.boolean().default(true),
      normalise: normalise.default('minmax'),
    })
    .prefault({}),
});
export type AugmentationSettings = z.infer<typeof augmentationSettings>;

/** All settings of a run that are not the method's own. */
export const trainSettings = z.strictObject({
  seed: z.int().default(0),
  iterations: count.default(40_000),
  /** [D, H, W] of a training patch. */
  patch: z
    .tuple([count, count, count])
    .default([112, 112, 80])
    .transform((patch): Triple => triple(patch, 'patch')),
  /** Labelled and unlabelled patches an iteration: L, U. */
  batch: z.tuple([count, z.int().nonnegative()]).default([2, 2]),
  network: networkSettings.prefault({}),
  optimizer: optimizerSettings.prefault({}),
  augmentation: augmentationSettings.prefault({}),
  /** Losses are read back, checked and logged every so many iterations. */
  logEvery: count.default(10),
  /** A checkpoint every so many iterations, and at the end. */
  saveEvery: count.default(1000),
});
export type TrainSettings = z.infer<typeof trainSettings>;
/** {@link TrainSettings} as a caller gives them: all have defaults. */
export type TrainSettingsInput = z.input<typeof trainSettings>;
