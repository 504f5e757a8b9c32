import { CrlnError } from '@crln/core';
import { gatherRows, softmaxCrossEntropy } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { checkLabels, checkVoxelScalars, checkVoxelVectors } from '../shapes.js';
import { untaped } from '../untaped.js';
import { type ClassStatistics, classStatistics, normalise } from './classStatistics.js';
import type { CpsSample } from './sample.js';
import { selectRows } from './selection.js';

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
  const anchors = classes * (random.anchor.shape[1] as number);
  const perAnchor = random.negative.shape[1] / random.anchor.shape[1];
  return tf.tidy(() => {
    const rows = tf.reshape(representation, [-1, width]) as tf.Tensor2D;
    const { weights, positives, anchorRows, negatives, scale } = untaped(() => {
      const statistics = classStatistics(
        rows,
        tf.reshape(input.labels, [-1]),
        tf.reshape(input.valid, [-1]),
        tf.reshape(probabilities, [-1, classes]),
        hardThreshold,
      );
      const selected = selectRows(statistics, random, temperature);
      const [anchorRows, others] = tf.split(selected, [anchors, selected.size - anchors]) as [tf.Tensor1D, tf.Tensor1D];
      const negatives = gatherRows(rows, others);
      return {
        weights: classWeights(statistics),
        positives: positiveRows(statistics.means, prototypes, xi),
        anchorRows,
        negatives: tf.reshape(negatives, [anchors, perAnchor, width]),
        // The products are scaled rather than the rows, of which there are many; whichever rows are fewer are measured.
        scale: tf.reshape(
          rows.shape[0] < others.size ? tf.gather(reciprocalLength(rows), others) : reciprocalLength(negatives),
          [anchors, perAnchor],
        ),
      };
    });
    const anchor = normalise(gatherRows(rows, anchorRows));
    const positive = tf.sum(tf.mul(tf.reshape(anchor, [classes, -1, width]), positives), -1);
    const products = tf.matMul(negatives, tf.reshape(anchor, [anchors, width, 1]));
    const negative = tf.mul(tf.reshape(products, [anchors, perAnchor]), scale);
    const similarities = tf.div(tf.concat([tf.reshape(positive, [anchors, 1]), negative], 1), temperature);
    const losses = softmaxCrossEntropy(similarities, tf.zeros([anchors], 'int32'));
    return tf.sum(tf.mul(tf.mean(tf.reshape(losses, [classes, -1]), 1), weights)) as tf.Scalar;
  });
}

/** 1 / max(|row|, 1e-8) of every row. */
const reciprocalLength = (rows: tf.Tensor2D): tf.Tensor => tf.rsqrt(tf.maximum(tf.sum(tf.square(rows), 1), 1e-16));

/** What a class's loss is multiplied by: 1 / #present, or 0 without hard voxels or without a second class. */
function classWeights({ present, hasHard }: ClassStatistics): tf.Tensor {
  const count = tf.sum(present);
  const several = tf.cast(tf.greaterEqual(count, 2), 'float32');
  return tf.div(tf.mul(hasHard, several), tf.maximum(count, 1));
}

/** (mean + ξ·prototype) / (1 + ξ), of length 1: [C, 1, R]. */
function positiveRows(means: tf.Tensor2D, prototypes: tf.Tensor2D | undefined, xi: number): tf.Tensor {
  const blended = prototypes ? tf.div(tf.add(means, tf.mul(prototypes, xi)), 1 + xi) : means;
  return tf.expandDims(normalise(blended), 1);
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
