import { CrlnError } from '@crln/core';
import { weightVariables } from '@crln/layers';
import { emaStep } from '@crln/ops';
import { type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { Model } from '../weights.js';

/** Decay of iteration t (from 0): min(1 − 1/(t + 1), decay). The first update copies the student. */
export const emaDecay = (iteration: number, decay: number): number => Math.min(1 - 1 / (iteration + 1), decay);

/**
 * Moves a teacher's parameters towards its student's: θ ← decay·θ + (1 − decay)·θ'. Its buffers (running statistics) are its own,
 * or copies of the student's where `buffers` is 'copy'.
 */
export function emaUpdate(
  teacher: Model,
  student: Model,
  decay: number,
  { buffers = 'own' }: { buffers?: 'own' | 'copy' } = {},
): void {
  blend(weightVariables(teacher), weightVariables(student), (target, source) => emaStep(target, source, decay));
  if (buffers === 'copy') {
    const own = (model: Model) => weightVariables(model, 'nonTrainable');
    blend(own(teacher), own(student), (_, source) => source.clone());
  }
}

/** By position: names differ by the models' own. */
function blend(
  targets: Record<string, Variable>,
  sources: Record<string, Variable>,
  value: (target: Variable, source: Variable) => Tensor,
): void {
  const to = Object.values(targets);
  const from = Object.values(sources);
  if (to.length !== from.length) {
    throw new CrlnError('invalid-argument', `emaUpdate: ${to.length} weights cannot follow ${from.length}`);
  }
  to.forEach((target, i) => void tidy(() => void target.assign(value(target, from[i] as Variable))));
}
