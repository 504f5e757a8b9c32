import { confidenceCe } from '@crln/ops';
import type * as tf from '@tensorflow/tfjs-core';
import { checkLabels, checkVoxelScalars, checkVoxelVectors } from './shapes.js';

export interface ConfidenceWeightedOptions {
  /** A pseudo-label counts as sure from this confidence on. Default 0.97. */
  threshold?: number;
  /** Voxels with this pseudo-label cost nothing and do not count. Default −1. */
  ignoreIndex?: number;
}

/**
 * Cross-entropy against hard pseudo-labels, each SAMPLE weighted by how much of it the teacher is sure about:
 *
 *   wₙ = #{confidence ≥ threshold} / max(#{pseudo-label ≠ ignoreIndex}, 1),   ℓ = mean of wₙ·CE over the voxels with CE > 0.
 *
 * A sample of weight 0 still counts in the mean. 0 where no voxel has a cross-entropy above 0. The weights carry no gradient. "Above 0"
 * is meant in float32, as the authors have it: a voxel drops out of the mean once the student is sure of its pseudo-label beyond 1 − 2⁻²⁴,
 * also on backends that resolve smaller losses.
 *
 * @param logits of the student, [N, D, H, W, C]
 * @param pseudoLabel class indices, int32 [N, D, H, W]
 * @param confidence the teacher's largest probability, [N, D, H, W], 0 where ignored
 * @throws CrlnError `invalid-shape`, `invalid-argument`
 * Wang et al., CRLN, Medical Image Analysis 2025 (arXiv 2502.11456), unsupervised loss.
 */
export function confidenceWeightedCrossEntropy(
  logits: tf.Tensor5D,
  pseudoLabel: tf.Tensor4D,
  confidence: tf.Tensor4D,
  { threshold = 0.97, ignoreIndex = -1 }: ConfidenceWeightedOptions = {},
): tf.Scalar {
  checkVoxelVectors(logits, 'confidenceWeightedCrossEntropy logits');
  checkLabels(pseudoLabel, 'confidenceWeightedCrossEntropy pseudoLabel', logits);
  checkVoxelScalars(confidence, 'confidenceWeightedCrossEntropy confidence', logits);
  return confidenceCe(logits, pseudoLabel, confidence, { threshold, ignoreIndex });
}
