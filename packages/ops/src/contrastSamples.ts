import { CrlnError, KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectShape } from './checks.js';
import { sampleMasked } from './gather.js';
import { normalise } from './infoNce.js';
import { hasKernel, runKernel, untaped } from './kernel.js';

/** Voxels, of which a contrast between classes takes some. */
export interface ContrastVoxels {
  /** Representations, [V, R]. */
  rows: tf.Tensor;
  /** Class indices, int32 [V]; an index outside 0 … C − 1 is of no class. */
  labels: tf.Tensor;
  /** 1 where the label can be relied on, else 0: [V]. */
  valid: tf.Tensor;
  /** [V, C] */
  probabilities: tf.Tensor;
}

/** Uniforms in [0, 1) that decide the draws. */
export interface ContrastUniforms {
  /** Which hard voxel of a class is an anchor: [C, A]. */
  anchor: tf.Tensor;
  /** Which voxel of its class a negative is: [C, K]. */
  negative: tf.Tensor;
  /** Which other class a negative comes from: [C, K]. Not needed for two classes. */
  negativeClass?: tf.Tensor | null | undefined;
}

export interface ContrastSamples {
  /** Row numbers of the anchors of each class, int32 [C, A]. */
  anchors: tf.Tensor2D;
  /** Row numbers of their negatives, int32 [C, K]. */
  negatives: tf.Tensor2D;
  /** Mean row of a class, 0 where it has no members: [C, R]. */
  means: tf.Tensor2D;
  /** How many valid voxels a class has, and how many of them are hard: [C] each. */
  members: tf.Tensor1D;
  hard: tf.Tensor1D;
}

/**
 * Draws anchors and negatives for a contrast between classes, with replacement and in fixed shapes, without reading anything back. A class
 * has for members the valid voxels with its label, of which those are hard whose probability of the class is below `hardThreshold`. The
 * ⌊u·count⌋-th hard voxel of a class is an anchor, the ⌊u·count⌋-th member of another class a negative; the other class j of class c is
 * drawn among those that have members with a probability that goes as e^{cos(meanᶜ, meanʲ)/temperature}. A class without voxels gives row 0. Nothing
 * carries a gradient.
 *
 * @throws CrlnError `invalid-shape`
 */
export function contrastSamples(
  { rows, labels, valid, probabilities }: ContrastVoxels,
  { anchor, negative, negativeClass }: ContrastUniforms,
  { hardThreshold, temperature }: { hardThreshold: number; temperature: number },
): ContrastSamples {
  expectShape(rows, 'rows', ['V', 'R']);
  const voxels = rows.shape[0] as number;
  expectShape(labels, 'labels', [voxels]);
  expectShape(valid, 'valid', [voxels]);
  expectShape(probabilities, 'probabilities', [voxels, 'C']);
  const classes = probabilities.shape[1] as number;
  expectShape(anchor, 'anchor', [classes, 'A']);
  expectShape(negative, 'negative', [classes, 'K']);
  if (negativeClass) expectShape(negativeClass, 'negativeClass', negative.shape);
  if (classes < 2 || (classes > 2 && !negativeClass)) {
    throw new CrlnError(
      'invalid-shape',
      `contrastSamples: expected at least 2 classes, and negativeClass for more than 2, got ${classes}`,
      { classes },
    );
  }
  const inputs = { rows, labels, valid, probabilities, anchor, negative, negativeClass: negativeClass ?? undefined };
  const [anchors, negatives, means, members, hard] = untaped(() =>
    hasKernel(KERNELS.ContrastSamples)
      ? runKernel(KERNELS.ContrastSamples, inputs, { threshold: hardThreshold, temperature })
      : composed(inputs, hardThreshold, temperature),
  ) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor1D, tf.Tensor1D];
  return { anchors, negatives, means, members, hard };
}

type Inputs = ContrastVoxels & ContrastUniforms;

function composed(inputs: Inputs, hardThreshold: number, temperature: number): tf.Tensor[] {
  const { rows, labels, valid, probabilities, anchor, negative, negativeClass } = inputs;
  const classes = tf
    .split(probabilities, probabilities.shape[1] as number, 1)
    .map((column) => tf.reshape(column, [-1]));
  const both = (condition: tf.Tensor, mask: tf.Tensor) => tf.mul(tf.cast(condition, 'float32'), mask) as tf.Tensor1D;
  const members = classes.map((_, c) => both(tf.equal(labels, tf.scalar(c, 'int32')), valid));
  const hard = classes.map((column, c) => both(tf.less(column, hardThreshold), members[c] as tf.Tensor1D));
  const total = (masks: tf.Tensor1D[]) => tf.stack(masks.map((mask) => tf.sum(mask))) as tf.Tensor1D;
  const counts = total(members);
  const sums = tf.matMul(tf.stack(members) as tf.Tensor2D, rows as tf.Tensor2D);
  const means = tf.div(sums, tf.expandDims(tf.maximum(counts, 1), 1)) as tf.Tensor2D;
  const row = (x: tf.Tensor, c: number) => tf.reshape(tf.slice(x, [c, 0], [1, -1]), [-1]);
  const anchors = tf.stack(hard.map((mask, c) => sampleMasked(mask, row(anchor, c))));
  const odds = classOdds(means, counts, temperature);
  const negatives = members.map((_, c) => {
    const others = members.map((__, j) => j).filter((j) => j !== c);
    const uniforms = row(negative, c);
    const pools = others.map((j) => sampleMasked(members[j] as tf.Tensor1D, uniforms));
    if (!negativeClass || pools.length === 1) return pools[0] as tf.Tensor1D;
    const share = others.map((j) => tf.reshape(tf.slice(odds, [c, j], [1, 1]), []));
    return chosen(pools, share, row(negativeClass, c));
  });
  return [anchors, tf.stack(negatives), means, counts, total(hard)];
}

/** Odds of class j (column) as a negative of class c (row); a class without members has none. Cosines are at most 1: no overflow. */
function classOdds(means: tf.Tensor2D, members: tf.Tensor1D, temperature: number): tf.Tensor2D {
  const unit = normalise(means) as tf.Tensor2D;
  const cosines = tf.matMul(unit, unit, false, true);
  return tf.mul(tf.exp(tf.div(tf.sub(cosines, 1), temperature)), tf.minimum(members, 1));
}

/** From each place, the draw of one of the pools, by their shares. */
function chosen(pools: tf.Tensor1D[], shares: tf.Tensor[], uniforms: tf.Tensor): tf.Tensor1D {
  const draw = tf.mul(uniforms, tf.addN(shares));
  // The last pool whose interval starts at or below the draw wins, so that rounding can never leave a draw without one.
  let start = shares[0] as tf.Tensor;
  return pools.reduce((picked, pool, i) => {
    const share = shares[i] as tf.Tensor;
    const hit = tf.logicalAnd(tf.greaterEqual(draw, start), tf.greater(share, 0));
    start = tf.add(start, share);
    return tf.where(hit, pool, picked) as tf.Tensor1D;
  });
}
