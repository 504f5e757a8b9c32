import * as tf from '@tensorflow/tfjs-core';
import { checkVoxelVectors } from './shapes.js';

/** Keeps ln p finite where p is 0. */
const EPSILON = 1e-6;

/**
 * Predictive entropy of each voxel in nats: −Σ_c p_c·ln(p_c + 1e-6), between 0 and ln C. Of probabilities that are the mean over several
 * passes with dropout it is the uncertainty of Kendall and Gal (NeurIPS 2017).
 *
 * @param probabilities [N, D, H, W, C], each voxel's summing to 1
 * @returns [N, D, H, W]
 * @throws CrlnError `invalid-shape`
 */
export function voxelEntropy(probabilities: tf.Tensor5D): tf.Tensor4D {
  checkVoxelVectors(probabilities, 'voxelEntropy probabilities');
  return tf.tidy(() => {
    const logs = tf.log(tf.add(probabilities, EPSILON));
    return tf.neg(tf.sum(tf.mul(probabilities, logs), -1)) as tf.Tensor4D;
  });
}
