import type { Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable, layers } from '@tensorflow/tfjs-layers';

/** A model or a single layer. */
export type Weighted = LayersModel | layers.Layer;

/**
 * The weights by their stable names (`encoder1/conv1/kernel`), as the variables that `tf.variableGrads` and optimizers take.
 * `which` picks the trainable ones (default), the others (running statistics) or all.
 */
export function weightVariables(
  model: Weighted,
  which: 'trainable' | 'nonTrainable' | 'all' = 'trainable',
): Record<string, Variable> {
  const weights = {
    trainable: model.trainableWeights,
    nonTrainable: model.nonTrainableWeights,
    all: model.weights,
  }[which];
  // LayerVariable.read() is typed as a Tensor, and gives the Variable itself.
  return Object.fromEntries(weights.map((w: LayerVariable) => [w.originalName, w.read() as Variable]));
}

/** The number of trainable parameters. */
export const countParameters = (model: Weighted): number =>
  model.trainableWeights.reduce((sum, w) => sum + w.shape.reduce((a: number, b) => a * (b ?? 1), 1), 0);
