import { CrlnError, KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expectShape } from './checks.js';
import { softmaxCrossEntropy } from './crossEntropy.js';
import { gatherRows } from './gather.js';
import { differentiable, hasKernel, runKernel, untaped } from './kernel.js';

/** What the anchors of {@link infoNce} are held against. */
export interface InfoNcePairs {
  /** [P, R]; A/P anchors after each other have one of them in common. */
  positives: tf.Tensor;
  /** [V, R], of which the negatives are. */
  rows: tf.Tensor;
  /** The rows that are an anchor's negatives, [A, K] int32. */
  negatives: tf.Tensor;
}

/**
 * The InfoNCE loss of each anchor, −log( e^{cos(a,p)/τ} / (e^{cos(a,p)/τ} + Σₖ e^{cos(a,nₖ)/τ}) ), where no vector counts as shorter than
 * 1e-8. The negatives are told by their row numbers, and our own backend never gathers them. Only the anchors carry a gradient.
 *
 * @param anchors [A, R]
 * @param options temperature τ, 0.5 by default
 * @returns [A]
 * @throws CrlnError `invalid-shape`; `invalid-option` for a temperature that is not above 0
 * van den Oord et al., Representation learning with contrastive predictive coding, arXiv 1807.03748.
 */
export function infoNce(
  anchors: tf.Tensor,
  { positives, rows, negatives }: InfoNcePairs,
  { temperature = 0.5 }: { temperature?: number } = {},
): tf.Tensor1D {
  expectShape(anchors, 'anchors', ['A', 'R']);
  const [count, width] = anchors.shape as [number, number];
  expectShape(positives, 'positives', ['P', width]);
  expectShape(rows, 'rows', ['V', width]);
  expectShape(negatives, 'negatives', [count, 'K']);
  if (count % (positives.shape[0] as number) !== 0) {
    throw new CrlnError(
      'invalid-shape',
      `infoNce: ${positives.shape[0]} positives cannot serve ${count} anchors alike`,
      {
        anchors: anchors.shape,
        positives: positives.shape,
      },
    );
  }
  if (!(temperature > 0)) {
    throw new CrlnError('invalid-option', `infoNce: temperature must be > 0, got ${temperature}`, { temperature });
  }
  const pairs = { positives, rows, negatives };
  return hasKernel(KERNELS.InfoNce) ? fused(anchors, pairs, temperature) : composed(anchors, pairs, temperature);
}

function fused(anchors: tf.Tensor, { positives, rows, negatives }: InfoNcePairs, temperature: number): tf.Tensor1D {
  return differentiable('infoNce', {
    inputs: { anchors },
    forward: (save) => {
      const [loss, slopes] = runKernel(KERNELS.InfoNce, { anchors, positives, rows, negatives }, { temperature });
      save([slopes!]);
      return [loss!];
    },
    gradient: ([dy], [slopes]) => ({ anchors: () => tf.mul(tf.expandDims(dy!, 1), slopes!) }),
  })[0] as tf.Tensor1D;
}

function composed(anchors: tf.Tensor, { positives, rows, negatives }: InfoNcePairs, temperature: number): tf.Tensor1D {
  const [count, width] = anchors.shape as [number, number];
  return tf.tidy(() => {
    const [positive, negative] = untaped(() => [
      tf.expandDims(normalise(positives), 1),
      tf.reshape(normalise(gatherRows(rows, tf.reshape(negatives, [-1]))), [count, -1, width]),
    ]);
    const anchor = normalise(anchors);
    const own = tf.sum(tf.mul(tf.reshape(anchor, [positives.shape[0] as number, -1, width]), positive!), -1);
    const others = tf.matMul(negative!, tf.reshape(anchor, [count, width, 1]));
    const similarities = tf.concat([tf.reshape(own, [count, 1]), tf.reshape(others, [count, -1])], 1);
    const first = tf.zeros([count], 'int32');
    return softmaxCrossEntropy(tf.div(similarities, temperature), first) as tf.Tensor as tf.Tensor1D;
  });
}

/** x / max(|x|, 1e-8) along the last axis. The bound is inside the root, so that a row of zeros has a finite gradient. */
export function normalise(x: tf.Tensor): tf.Tensor {
  return tf.div(x, tf.sqrt(tf.maximum(tf.sum(tf.square(x), -1, true), 1e-16)));
}
