import { CrlnError, type RandomStream } from '@crln/core';
import { sigmoidRampUp } from '@crln/losses';
import { add, clipByValue, split, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as z from 'zod';
import type { MethodContext } from '../method.js';
import { createNetwork, createSgd } from '../network.js';
import type { Sgd } from '../optimizers/sgd.js';

/** How a weight grows: exp(−5·(1 − t/length)²) with t = ⌊iteration/period⌋. The defaults reach 1 after 6,000 iterations. */
export const rampUp = z
  .strictObject({ length: z.number().nonnegative().default(40), period: z.int().positive().default(150) })
  .prefault({});

/** What {@link rampUp} says of an iteration. */
export const ramp = ({ length, period }: z.infer<typeof rampUp>, iteration: number): number =>
  sigmoidRampUp(Math.floor(iteration / period), length);

/** Noise on an input: clip(N(0, sigma), ±clip). */
export const noise = z
  .strictObject({ sigma: z.number().nonnegative().default(0.1), clip: z.number().nonnegative().default(0.2) })
  .prefault({});

/** x + clip(N(0, sigma), ±clip). */
export function withNoise<T extends Tensor>(x: T, { sigma, clip }: z.infer<typeof noise>, rng: RandomStream): T {
  const values = rng.normals(x.size);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * sigma;
  return tidy(() => add<T>(x, clipByValue(tensor(values, x.shape), -clip, clip)));
}

/** A part of the batch that the method asked for. @throws CrlnError `internal` where a trainer left it out */
export function present<T>(part: T | undefined, name: string): T {
  if (part === undefined) {
    throw new CrlnError('internal', `the batch has no ${name} patches, which the method needs`, { name });
  }
  return part;
}

/** A network that learns and one that averages it. */
export interface TeacherParts {
  models: { student: LayersModel; teacher: LayersModel };
  optimizers: { student: Sgd };
}

/** Both with the same first weights. */
export function studentAndTeacher(context: MethodContext<unknown>): TeacherParts {
  const student = createNetwork(context);
  return {
    models: { student, teacher: createNetwork(context) },
    optimizers: { student: createSgd(context, { student }) },
  };
}

/** Of what was computed of labelled and unlabelled patches at once, what belongs to the ones and to the others. */
export const splitPatches = <T extends Tensor>(both: T, labelled: Tensor, unlabelled: Tensor): [T, T] =>
  split(both, [labelled.shape[0] as number, unlabelled.shape[0] as number]) as [T, T];
