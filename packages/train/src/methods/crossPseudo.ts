import { stream } from '@crln/core';
import { applyNetwork } from '@crln/layers';
import { crossEntropyLoss, diceCeLoss } from '@crln/losses';
import { stopGradient } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as z from 'zod';
import type { Method } from '../method.js';
import { createNetwork, createSgd } from '../network.js';
import type { Sgd } from '../optimizers/sgd.js';
import { present, ramp, rampUp, splitPatches } from './common.js';

const options = z.strictObject({
  /** Weight of the cross pseudo supervision once it is ramped up. */
  consistencyWeight: z.number().nonnegative().default(0.1),
  rampUp,
  /** What a pseudo-label costs: cross-entropy, as in the paper, or 0.5·(cross-entropy + Dice). */
  pseudoLoss: z.enum(['ce', 'diceCe']).default('ce'),
  /** Where the networks teach each other: on all patches, as in the paper, or on the unlabelled ones alone. */
  pseudoLabels: z.enum(['all', 'unlabelled']).default('all'),
  /** Which network predicts, or the mean of both. */
  evaluate: z.enum(['first', 'second', 'mean']).default('first'),
});

interface CrossPseudoParts {
  models: { first: LayersModel; second: LayersModel };
  optimizers: { networks: Sgd };
}

/**
 * Cross pseudo supervision: two networks that differ in their first weights alone, each learning from the labels, 0.5·(cross-entropy +
 * Dice), and from the other's hard pseudo-labels: L = Σ_i L_sup(p_i) + w·(CE(p_1, argmax p_2) + CE(p_2, argmax p_1)). No gradient goes
 * through a pseudo-label.
 *
 * Chen et al., CVPR 2021. Ours: Dice beside cross-entropy on the labels and a ramped weight, as the 3-D literature has it; the paper's
 * weight is constant (`rampUp: { length: 0 }`), and its CutMix is left out. The first network predicts, as in the paper.
 */
export const crossPseudo: Method<z.infer<typeof options>, CrossPseudoParts> = {
  name: 'cross-pseudo',
  options,
  needs: () => ({ unlabelled: true, strong: false }),
  footprint: () => ({ networks: 2 }),

  build(context) {
    const first = createNetwork(context);
    const second = createNetwork({ ...context, seed: stream(context.seed, 'cross-pseudo/second').seed() });
    // One optimizer: neither network's loss has a gradient in the other, so that it is two.
    return { models: { first, second }, optimizers: { networks: createSgd(context, { first, second }) } };
  },

  step({ labelled, unlabelled }, { options, parts, iteration, stream }) {
    const { image } = present(unlabelled, 'unlabelled');
    const both = tf.concat([labelled.image, image]);
    const weight = options.consistencyWeight * ramp(options.rampUp, iteration);
    const taught = (x: tf.Tensor) => (options.pseudoLabels === 'all' ? x : splitPatches(x, labelled.image, image)[1]);
    const pseudoLoss = options.pseudoLoss === 'ce' ? crossEntropyLoss : diceCeLoss;
    return parts.optimizers.networks.minimise(() => {
      const [first, second] = (['first', 'second'] as const).map(
        (name) => applyNetwork(parts.models[name], both, { training: true, seed: stream(name).seed() }).logits,
      ) as [tf.Tensor5D, tf.Tensor5D];
      const own = (logits: tf.Tensor5D) => splitPatches(logits, labelled.image, image)[0];
      const supervised = tf.addN([first, second].map((logits) => diceCeLoss(own(logits), labelled.label)));
      const learn = (student: tf.Tensor5D, teacher: tf.Tensor5D) =>
        pseudoLoss(
          taught(student) as tf.Tensor5D,
          taught(stopGradient(tf.argMax(teacher, -1))) as tf.Tensor4D,
        ) as tf.Scalar;
      const cross = tf.add(learn(first, second), learn(second, first)) as tf.Scalar;
      return {
        loss: tf.add(supervised, tf.mul(cross, weight)) as tf.Scalar,
        supervised: supervised as tf.Scalar,
        cross,
      };
    });
  },

  predict(patches, { options, parts }) {
    const { first, second } = parts.models;
    const probabilities = (model: LayersModel) => tf.softmax(applyNetwork(model, patches).logits);
    if (options.evaluate !== 'mean') return probabilities(parts.models[options.evaluate]);
    return tf.div(tf.add(probabilities(first), probabilities(second)), 2);
  },
};
