import { CrlnError } from '@crln/core';
import { type ContrastSamples, contrastSamples, gatherRows, infoNce, untaped } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { checkLabels, checkVoxelScalars, checkVoxelVectors } from '../shapes.js';
import type { CpsSample } from './sample.js';

/** What {@link collaborativePositiveSupervision} works on; all volumes of a batch, labelled and unlabelled, together. */
export interface CpsInput {
  /** [N, D, H, W, R]. The only input that gets a gradient. */
  representation: tf.Tensor5D;
  /** Labels or pseudo-labels, int32 [N, D, H, W]. */
  labels: tf.Tensor4D;
  /** 1 where the label can be relied on (labelled, or confidence ≥ 0.7), else 0: [N, D, H, W]. */
  valid: tf.Tensor4D;
  /** The student's plain softmax, [N, D, H, W, C]. */
  probabilities: tf.Tensor5D;
  /** One learned prototype a class, [C, R]; absent: the class mean alone is the positive. */
  prototypes?: tf.Tensor2D;
  /** Weight of the prototype, ξ ≥ 0. Default 0. */
  xi?: number;
  /** From `cpsSample`; its shapes say how many anchors and negatives there are. */
  random: CpsSample;
}

export interface CpsOptions {
  /** Of the similarities, and of the draw of the negatives' classes. Default 0.5. */
  temperature?: number;
  /** A voxel is hard while the student gives its class less than this. Default 0.97. */
  hardThreshold?: number;
}

/**
 * Collaborative positive supervision: an InfoNCE loss whose positive is the class mean, blended with a learned prototype.
 *
 * For each class c with hard voxels: anchors aᵢ are hard voxels of c, negatives nᵢₖ are voxels of the other classes present, the
 * positive is p = (mean of c + ξ·prototype of c) / (1 + ξ), and
 *
 *   ℓ(c) = mean over i of −log( e^{cos(aᵢ,p)/τ} / (e^{cos(aᵢ,p)/τ} + Σₖ e^{cos(aᵢ,nᵢₖ)/τ}) ).
 *
 * The loss is Σ ℓ(c) over classes with hard voxels, divided by the number of classes PRESENT; 0 where fewer than two are. Only the
 * anchors carry a gradient. All shapes are fixed and nothing is read back: absent classes are computed and weighted by 0.
 *
 * @returns a scalar
 * @throws CrlnError `invalid-shape`, `invalid-argument`
 * Wang et al., CRLN, Medical Image Analysis 2025 (arXiv 2502.11456).
 */
export function collaborativePositiveSupervision(input: CpsInput, options: CpsOptions = {}): tf.Scalar {
  const { representation, probabilities, random, prototypes, xi = 0 } = input;
  const { temperature = 0.5, hardThreshold = 0.97 } = options;
  check(input, xi, temperature);
  const classes = probabilities.shape[4];
  const width = representation.shape[4];
  return tf.tidy(() => {
    const rows = tf.reshape(representation, [-1, width]) as tf.Tensor2D;
    const [weights, positives, anchorRows, negatives] = untaped(() => {
      const voxels = {
        rows,
        labels: tf.reshape(input.labels, [-1]),
        valid: tf.reshape(input.valid, [-1]),
        probabilities: tf.reshape(probabilities, [-1, classes]),
      };
      const samples = contrastSamples(voxels, random, { hardThreshold, temperature });
      const anchorRows = tf.reshape(samples.anchors, [-1]);
      return [
        classWeights(samples),
        blend(samples.means, prototypes, xi),
        anchorRows,
        tf.reshape(samples.negatives, [anchorRows.size, -1]),
      ] as const;
    });
    const anchors = gatherRows(rows, anchorRows);
    const losses = infoNce(anchors, { positives, rows, negatives }, { temperature });
    return tf.sum(tf.mul(tf.mean(tf.reshape(losses, [classes, -1]), 1), weights)) as tf.Scalar;
  });
}

/** What a class's loss is multiplied by: 1 / #present, or 0 without hard voxels or without a second class. */
function classWeights({ members, hard }: ContrastSamples): tf.Tensor {
  const present = tf.sum(tf.minimum(members, 1));
  const several = tf.cast(tf.greaterEqual(present, 2), 'float32');
  return tf.div(tf.mul(tf.minimum(hard, 1), several), tf.maximum(present, 1));
}

/** (mean + ξ·prototype) / (1 + ξ): [C, R]. */
function blend(means: tf.Tensor2D, prototypes: tf.Tensor2D | undefined, xi: number): tf.Tensor {
  return prototypes ? tf.div(tf.add(means, tf.mul(prototypes, xi)), 1 + xi) : tf.clone(means);
}

function check(
  { representation, labels, valid, probabilities, prototypes, random }: CpsInput,
  xi: number,
  tau: number,
) {
  const name = 'collaborativePositiveSupervision';
  checkVoxelVectors(representation, `${name} representation`);
  checkVoxelVectors(probabilities, `${name} probabilities`);
  checkVoxelScalars(valid, `${name} valid`, representation);
  checkLabels(labels, `${name} labels`, representation);
  checkLabels(labels, `${name} labels`, probabilities);
  const classes = probabilities.shape[4];
  const width = representation.shape[4];
  const wrong = (what: string, fields: Record<string, unknown>) =>
    new CrlnError('invalid-shape', `${name} ${what}`, fields);
  if (prototypes && (prototypes.shape[0] !== classes || prototypes.shape[1] !== width)) {
    throw wrong(`prototypes: expected [C, R] = [${classes}, ${width}], got [${prototypes.shape}]`, {
      shape: prototypes.shape,
    });
  }
  const shapes = [random.anchor.shape, random.negative.shape, random.negativeClass?.shape ?? random.negative.shape];
  const perAnchor = random.negative.shape[1] / random.anchor.shape[1];
  if (
    shapes.some((shape) => shape[0] !== classes) ||
    !Number.isInteger(perAnchor) ||
    (classes > 2 && !random.negativeClass)
  ) {
    throw wrong(`random: expected a cpsSample of ${classes} classes, got shapes ${JSON.stringify(shapes)}`, { shapes });
  }
  if (!(tau > 0) || !(xi >= 0)) {
    throw new CrlnError('invalid-option', `${name}: temperature must be > 0 and xi >= 0, got ${tau} and ${xi}`, {
      temperature: tau,
      xi,
    });
  }
}
