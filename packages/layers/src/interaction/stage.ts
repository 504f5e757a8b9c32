import { CrlnError, type RandomStream } from '@crln/core';
import { conv3d, depthwiseConv3d, dropPath, gelu, instanceNorm, layerNorm, linear } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import { applyBatchNorm } from '../layers/batchStatistics.js';
import type { ResolvedInteraction } from './options.js';
import type { Affine, NormWeights, StageWeights } from './stageWeights.js';

/** What a stage needs to know of the call. */
export interface StageCall {
  options: ResolvedInteraction;
  training: boolean;
  /** The random stream of one use of stochastic depth. */
  random: (purpose: string) => RandomStream;
  /** For messages and streams: `stage1`. */
  name: string;
}

const fully = (x: tf.Tensor, { kernel, bias }: Affine) => linear(x, kernel.read(), bias.read());
const pointConv = (x: tf.Tensor, { kernel, bias }: Affine) => conv3d(x, kernel.read(), { bias: bias.read() });
const normalised = (x: tf.Tensor, { gamma, beta }: NormWeights, { options }: StageCall) =>
  layerNorm(x, gamma.read(), beta.read(), { epsilon: options.epsilon });

/** Stochastic depth in training, the input itself otherwise. */
function drop(x: tf.Tensor, call: StageCall, purpose: string): tf.Tensor {
  const rate = call.options.dropPath;
  return call.training && rate > 0 ? dropPath(x, rate, call.random(`${call.name}/${purpose}`)) : x;
}

/** The voxels of z [N, d, h, w, c] as layer-normed tokens for keys and values, [N, V, c]. */
function keyTokens(z: tf.Tensor5D, weights: StageWeights, call: StageCall): tf.Tensor {
  const [n, d, h, w, c] = z.shape;
  const projected = tf.reshape(pointConv(z, weights.projection), [n, d * h * w, c]);
  return normalised(normalised(projected, weights.tokenNorm, call), weights.keyValueNorm, call);
}

/** Queries of P [N, C·R, c], scaled by 1/√c, so that their products with keys are the proximities. */
function queries(p: tf.Tensor3D, weights: StageWeights, call: StageCall): tf.Tensor {
  return tf.mul(fully(normalised(p, weights.queryNorm, call), weights.query), p.shape[2] ** -0.5);
}

/** Keys of tokens [N, V, c]: half of one Linear, of which the values are not computed. */
function keysOf(tokens: tf.Tensor, { kernel, bias }: Affine): tf.Tensor {
  const c = tokens.shape[2]!;
  return linear(tokens, tf.slice(kernel.read(), [0, 0], [c, c]), tf.slice(bias.read(), [0], [c]));
}

/**
 * One stage's pairwise interaction, prototypes as queries and voxels as keys and values: P [N, C·R, c] → [N, C·R, next].
 */
export function attend(p: tf.Tensor3D, z: tf.Tensor5D, weights: StageWeights, call: StageCall): tf.Tensor3D {
  const { classes, prototypes, residual, legacyPrototypeOrder } = call.options;
  const tokens = keyTokens(z, weights, call);
  const [n, rows, c] = p.shape;
  // Keys and values side by side, and never apart: queries are 0 where the values lie, and of what is attended the keys are left out.
  const keysAndValues = fully(tokens, weights.keyValue);
  const q = tf.pad(queries(p, weights, call), [
    [0, 0],
    [0, 0],
    [0, c],
  ]);
  const proximity = tf.matMul(q, keysAndValues, false, true);
  let attended: tf.Tensor = tf.slice(tf.matMul(tf.softmax(proximity), keysAndValues), [0, 0, c], [n, rows, c]);
  if (legacyPrototypeOrder) {
    const mixed = tf.transpose(tf.reshape(attended, [n, prototypes, classes, c]), [0, 2, 1, 3]);
    attended = tf.reshape(mixed, p.shape);
  }
  const out = fully(attended, weights.attention);
  const joined = tf.add(residual ? p : out, drop(out, call, 'attention'));
  const hidden = gelu(fully(normalised(joined, weights.mlpNorm, call), weights.mlp1));
  const refined = tf.add(joined, drop(fully(hidden, weights.mlp2), call, 'mlp'));
  return fully(refined, weights.next) as tf.Tensor3D;
}

/** Layer norm of proximities a [N, d, h, w, C·R] over their voxels, with its gain and bias per (class, prototype) or voxel. */
function overVoxels(a: tf.Tensor5D, weights: StageWeights, call: StageCall): tf.Tensor {
  const { epsilon, affine } = call.options;
  const [, d, h, w, rows] = a.shape;
  // Over the voxels of each row and sample: just what an instance norm of [N, d, h, w, rows] does.
  if (affine === 'prototype') {
    const gamma = tf.reshape(weights.gain.read(), [rows]);
    return instanceNorm(a, { gamma, beta: tf.reshape(weights.bias.read(), [rows]), epsilon });
  }
  const expected = weights.gain.shape[0];
  if (d * h * w !== expected) {
    throw new CrlnError(
      'invalid-shape',
      `${call.name}: affine 'voxel' was made for features of ${expected} voxels, got [${d}, ${h}, ${w}] = ${d * h * w}; use the patch size it was made for, or affine 'prototype'`,
      { expected, size: [d, h, w] },
    );
  }
  const perVoxel = (weight: LayerVariable) => tf.reshape(weight.read(), [1, d, h, w, 1]);
  return tf.add(tf.mul(instanceNorm(a, { epsilon }), perVoxel(weights.gain)), perVoxel(weights.bias));
}

/** Proximities [N, d, h, w, C·R] as C volumes of R channels a sample: [N·C, d, h, w, R]. */
function classVolumes(a: tf.Tensor, { classes, prototypes, legacyPrototypeOrder }: ResolvedInteraction): tf.Tensor {
  const [n, d, h, w] = a.shape as [number, number, number, number];
  const split = legacyPrototypeOrder
    ? tf.transpose(tf.reshape(a, [n, d * h * w, prototypes, classes]), [0, 3, 1, 2])
    : tf.transpose(tf.reshape(a, [n, d * h * w, classes, prototypes]), [0, 2, 1, 3]);
  return tf.reshape(split, [n * classes, d, h, w, prototypes]);
}

/** Undoes {@link classVolumes} in kept order: [N·C, d, h, w, K] → [N, d, h, w, C·K]. */
function joinClasses(x: tf.Tensor, classes: number): tf.Tensor {
  const [nc, d, h, w, k] = x.shape as [number, number, number, number, number];
  const n = nc / classes;
  const back = tf.transpose(tf.reshape(x, [n, classes, d * h * w, k]), [0, 2, 1, 3]);
  return tf.reshape(back, [n, d, h, w, classes * k]);
}

/**
 * One stage's map: the proximities of P [N, C·R, c] and the voxels of z, refined over voxels and made coherent in space,
 * [N, d, h, w, C].
 */
export function classMap(p: tf.Tensor3D, z: tf.Tensor5D, weights: StageWeights, call: StageCall): tf.Tensor {
  const { options, training } = call;
  const { classes, prototypes, epsilon, momentum } = options;
  const [n, d, h, w] = z.shape;
  const keys = keysOf(keyTokens(z, weights, call), weights.keyValue);
  // A + drop(A) is linear in the queries, which are far smaller than A.
  const q = queries(p, weights, call);
  const doubled = tf.add(q, drop(q, call, 'proximity'));
  const a = tf.reshape(tf.matMul(keys, doubled, false, true), [n, d, h, w, classes * prototypes]) as tf.Tensor5D;
  const refined = tf.add(a, drop(overVoxels(a, weights, call), call, 'refinement'));
  const norm = { epsilon, momentum, relu: true };
  const depth = depthwiseConv3d(classVolumes(refined, options), weights.depthwise.read());
  const mixed = conv3d(applyBatchNorm(depth, weights.depthwiseNorm, training, norm), weights.pointwise.read());
  const features = applyBatchNorm(mixed, weights.pointwiseNorm, training, norm);
  const own = joinClasses(pointConv(features, weights.cue), classes);
  return weights.crossClass ? tf.add(own, pointConv(joinClasses(features, classes), weights.crossClass)) : own;
}
