import { sampleMasked } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type ClassStatistics, normalise } from './classStatistics.js';
import type { CpsSample } from './sample.js';

/**
 * Rows of the anchors and negatives, with replacement and in fixed shapes: the ⌊u·count⌋-th hard voxel of a class is an anchor, the
 * ⌊u·count⌋-th voxel of another class a negative. The other class j of class c is drawn among those present with probability
 * softmax over j of cos(meanᶜ, meanʲ) / temperature. A class without voxels gives row 0; the loss gives it the weight 0.
 *
 * @returns int32 [C·A + C·A·Nn]: anchors of class 0, of class 1 …, then negatives in the same order
 */
export function selectRows(statistics: ClassStatistics, random: CpsSample, temperature: number): tf.Tensor1D {
  const { members, hard, present, means } = statistics;
  const classes = members.length;
  const row = (x: tf.Tensor2D, c: number) => tf.reshape(tf.slice(x, [c, 0], [1, -1]), [-1]);
  const anchors = hard.map((voxels, c) => sampleMasked(voxels, row(random.anchor, c)));
  const unit = normalise(means) as tf.Tensor2D;
  // Odds of class j (column) as a negative of class c (row); an absent class has none. Cosines are at most 1: no overflow.
  const odds = tf.mul(tf.exp(tf.div(tf.sub(tf.matMul(unit, unit, false, true), 1), temperature)), present);
  const negatives = members.map((_, c) => {
    const others = members.map((__, j) => j).filter((j) => j !== c);
    const uniforms = row(random.negative, c);
    const pools = others.map((j) => sampleMasked(members[j] as tf.Tensor1D, uniforms));
    if (!random.negativeClass || classes === 2) return pools[0] as tf.Tensor1D;
    const share = others.map((j) => tf.reshape(tf.slice(odds, [c, j], [1, 1]), []));
    const draw = tf.mul(row(random.negativeClass, c), tf.addN(share));
    // The last class whose interval starts at or below the draw wins, so that rounding can never leave a draw without a class.
    let start = share[0] as tf.Tensor;
    return pools.reduce((chosen, pool, i) => {
      const odd = share[i] as tf.Tensor;
      const hit = tf.logicalAnd(tf.greaterEqual(draw, start), tf.greater(odd, 0));
      start = tf.add(start, odd);
      return tf.where(hit, pool, chosen) as tf.Tensor1D;
    });
  });
  return tf.concat([...anchors, ...negatives]);
}
