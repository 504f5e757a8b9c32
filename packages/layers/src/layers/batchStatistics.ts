import { batchNorm, batchNormInference, once } from '@crln/ops';
import { type Tensor1D, type Tensor5D, tidy } from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import { constant, type Fill } from './initializers.js';

/** The weights of one batch normalisation. */
export interface BatchNormWeights {
  gamma: LayerVariable | null;
  beta: LayerVariable | null;
  runningMean: LayerVariable;
  runningVariance: LayerVariable;
}

type MakeWeight = (name: string, shape: number[], fill: Fill, trainable?: boolean) => LayerVariable;

/** Makes them; `prefix` where a layer owns several. */
export const batchNormWeights = (
  weight: MakeWeight,
  channels: number,
  affine = true,
  prefix = '',
): BatchNormWeights => ({
  gamma: affine ? weight(`${prefix}gamma`, [channels], constant(1)) : null,
  beta: affine ? weight(`${prefix}beta`, [channels], constant(0)) : null,
  runningMean: weight(`${prefix}runningMean`, [channels], constant(0), false),
  runningVariance: weight(`${prefix}runningVariance`, [channels], constant(1), false),
});

/** Normalises, and in training takes the batch into the running statistics. */
export function applyBatchNorm(
  x: Tensor5D,
  weights: BatchNormWeights,
  training: boolean,
  options: { epsilon: number; momentum: number; relu: boolean },
): Tensor5D {
  return tidy(() => {
    const { epsilon, relu, momentum } = options;
    const shared = {
      epsilon,
      relu,
      ...(weights.gamma && { gamma: weights.gamma.read() as Tensor1D }),
      ...(weights.beta && { beta: weights.beta.read() as Tensor1D }),
    };
    const running = {
      mean: weights.runningMean.read() as Tensor1D,
      variance: weights.runningVariance.read() as Tensor1D,
    };
    if (!training) return batchNormInference(x, { ...running, ...shared });
    // Where activations are computed again, the batch has been taken in already.
    const run = { first: false };
    once(() => {
      run.first = true;
    });
    const { y, running: next } = batchNorm(x, { ...shared, running: run.first ? { ...running, momentum } : undefined });
    if (next) {
      weights.runningMean.write(next.mean);
      weights.runningVariance.write(next.variance);
    }
    return y;
  });
}
