import { CrlnError } from '@crln/core';
import { weightVariables } from '@crln/layers';
import { optimizerStep } from '@crln/ops';
import { tidy, type Variable } from '@tensorflow/tfjs-core';
import type { Model } from '../weights.js';

/** Decay of iteration t (from 0): min(1 − 1/(t + 1), decay). The first update copies the student. */
export const emaDecay = (iteration: number, decay: number): number => Math.min(1 - 1 / (iteration + 1), decay);

/** Variables that follow others: θ ← decay·θ + (1 − decay)·θ', the teacher's θ by the student's θ'. */
export interface MovingAverage {
  of: ReadonlyMap<Variable, Variable>;
  decay: number;
}

/** The parameters of teachers as moving averages of their students'. */
export const movingAverage = (
  pairs: readonly (readonly [teacher: Model, student: Model])[],
  decay: number,
): MovingAverage => ({
  of: new Map(pairs.flatMap(([teacher, student]) => matched(teacher, student, 'trainable'))),
  decay,
});

/** Gives a teacher its student's buffers (running statistics). */
export function copyBuffers(teacher: Model, student: Model): void {
  const pairs = matched(teacher, student, 'nonTrainable');
  tidy(() => {
    for (const [source, target] of pairs) target.assign(source.clone());
  });
}

/**
 * Moves a teacher's parameters towards its student's: θ ← decay·θ + (1 − decay)·θ'. Its buffers (running statistics) are its own,
 * or copies of the student's where `buffers` is 'copy'. (`Sgd.minimise` does the same in one pass with its step.)
 */
export function emaUpdate(
  teacher: Model,
  student: Model,
  decay: number,
  { buffers = 'own' }: { buffers?: 'own' | 'copy' } = {},
): void {
  const pairs = matched(teacher, student, 'trainable');
  tidy(() => {
    const states = pairs.map(([parameter, average]) => ({ parameter, average }));
    const attrs = { learningRate: 0, momentum: 0, weightDecay: 0, nesterov: false, decay };
    optimizerStep(states, attrs).forEach(({ average }, i) => {
      if (average) pairs[i]?.[1].assign(average);
    });
  });
  if (buffers === 'copy') copyBuffers(teacher, student);
}

/** Pairs [student's, teacher's], by position: names differ by the models' own. */
function matched(teacher: Model, student: Model, which: 'trainable' | 'nonTrainable'): [Variable, Variable][] {
  const to = Object.values(weightVariables(teacher, which));
  const from = Object.values(weightVariables(student, which));
  if (to.length !== from.length) {
    throw new CrlnError('invalid-argument', `${to.length} weights of a teacher cannot follow ${from.length}`);
  }
  return from.map((source, i) => [source, to[i] as Variable]);
}
