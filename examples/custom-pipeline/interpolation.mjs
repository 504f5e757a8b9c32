// Interpolation consistency training (Verma et al., IJCAI 2019) for volumes, from layers and losses alone: the student shall say of a
// mix of two unlabelled patches what the teacher's words on both, mixed alike, say. A new method is a file like this one.
import { applyNetwork, vNet, weightVariables } from '@crln/layers';
import { diceCeLoss, sigmoidRampUp, softmaxMseLoss } from '@crln/losses';
import * as tf from '@tensorflow/tfjs-core';

/**
 * @param network options of `vNet`
 * @param rampUp iterations after which the consistency has its whole weight
 * @returns `step` trains on one batch and returns its losses as scalars, which the caller disposes; `predict` gives probabilities
 */
export function interpolationConsistency({ network, learningRate = 0.05, decay = 0.99, weight = 1, rampUp = 100 }) {
  const [student, teacher] = [vNet(network), vNet(network)];
  const [learned, averaged] = [student, teacher].map((model) => Object.values(weightVariables(model)));
  const optimizer = tf.train.momentum(learningRate, 0.9, true);

  /** λ·x + (1 − λ)·(x of the other patch). */
  const mix = (x, lambda) => tf.add(tf.mul(x, lambda), tf.mul(tf.reverse(x, 0), tf.sub(1, lambda)));

  /** The teacher's mixed probabilities as logits, and the mixed patches. */
  function targetOf(unlabelled, iteration) {
    const lambda = tf.randomUniform([], 0, 1, 'float32', iteration + 1);
    const { logits } = applyNetwork(teacher, unlabelled, { training: true, seed: 2 * iteration });
    return { target: tf.log(tf.add(mix(tf.softmax(logits), lambda), 1e-6)), mixed: mix(unlabelled, lambda) };
  }

  /** @param batch image and unlabelled [N, D, H, W, 1] of one size, label int32 [N, D, H, W] */
  function step({ image, label, unlabelled }, iteration) {
    const terms = tf.tidy(() => {
      const { target, mixed } = targetOf(unlabelled, iteration);
      const both = tf.concat([image, mixed]);
      let kept;
      optimizer.minimize(
        () => {
          const { logits } = applyNetwork(student, both, { training: true, seed: 2 * iteration + 1 });
          const [own, other] = tf.split(logits, [image.shape[0], mixed.shape[0]]);
          const supervised = diceCeLoss(own, label);
          const consistency = softmaxMseLoss(other, target);
          const loss = tf.add(supervised, tf.mul(consistency, weight * sigmoidRampUp(iteration, rampUp)));
          kept = { loss, supervised, consistency };
          for (const term of Object.values(kept)) tf.keep(term);
          return loss;
        },
        false,
        learned,
      );
      return kept;
    });
    const share = Math.min(1 - 1 / (iteration + 1), decay);
    tf.tidy(() => {
      for (const [i, value] of learned.entries()) {
        averaged[i].assign(tf.add(tf.mul(averaged[i], share), tf.mul(value, 1 - share)));
      }
    });
    return terms;
  }

  return {
    step,
    predict: (image) => tf.tidy(() => tf.softmax(applyNetwork(teacher, image).logits)),
    dispose() {
      for (const one of [student, teacher, optimizer]) one.dispose();
    },
  };
}
