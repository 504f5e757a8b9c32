import { applyNetwork } from '@crln/layers';
import { diceLoss, softmaxMseLoss } from '@crln/losses';
import { stopGradient } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as z from 'zod';
import type { Method } from '../method.js';
import { createNetwork, createSgd } from '../network.js';
import type { Sgd } from '../optimizers/sgd.js';
import { present, ramp, rampUp, splitPatches } from './common.js';

const options = z.strictObject({
  /** How each decoder goes up; there are as many of them. */
  decoders: z
    .array(z.enum(['transposed', 'trilinear', 'nearest']))
    .min(2)
    .default(['transposed', 'trilinear', 'nearest']),
  /** T of the sharpened targets. */
  temperature: z.number().positive().default(0.1),
  /** Weight of the Dice loss of each decoder. */
  supervisedWeight: z.number().nonnegative().default(0.5),
  /** Weight of the mutual consistency once it is ramped up. */
  consistencyWeight: z.number().nonnegative().default(1),
  rampUp,
  /** Whether the consistency moves the decoder that a sharpened target comes from, too. */
  targetGradient: z.boolean().default(true),
  /** The first decoder predicts, or the mean of all. */
  evaluate: z.enum(['first', 'mean']).default('first'),
});

interface McNetParts {
  models: { network: LayersModel };
  optimizers: { network: Sgd };
}

/**
 * Mutual consistency (MC-Net+): one encoder and decoders that go up in different ways, each drawn to the sharpened word of every other one
 * on all patches: L = supervisedWeight·Σ_i Dice(p_i) + w·Σ_{i≠j} mean (p_i − s_j)², s_j = p_j^{1/T} / Σ_c p_j^{1/T}, which is the
 * softmax of decoder j's logits divided by T. The square is averaged over voxels and classes.
 *
 * Wu et al., Medical Image Analysis 2022. The decoders are those of `vNet` of `@crln/layers`: transposed convolution, trilinear enlargement
 * and convolution, nearest enlargement and convolution. Weights are those of the authors' released settings, where gradients flow through
 * the targets too; `targetGradient: false` makes them constants. The first decoder predicts, so that the network is a plain one by then.
 */
export const mcNet: Method<z.infer<typeof options>, McNetParts> = {
  name: 'mc-net',
  options,
  needs: () => ({ unlabelled: true, strong: false }),
  footprint: ({ decoders }) => ({ decoders: decoders.length }),

  build(context) {
    const network = createNetwork(context, { upsample: context.options.decoders });
    return { models: { network }, optimizers: { network: createSgd(context, { network }) } };
  },

  step({ labelled, unlabelled }, { options, parts, iteration, stream }) {
    const { image } = present(unlabelled, 'unlabelled');
    const both = tf.concat([labelled.image, image]);
    const weight = options.consistencyWeight * ramp(options.rampUp, iteration);
    return parts.optimizers.network.minimise(() => {
      const call = { training: true, seed: stream('network').seed() };
      const { decoders } = applyNetwork(parts.models.network, both, call);
      const sharpened = decoders.map((logits) => {
        const target = tf.div(logits, options.temperature) as tf.Tensor5D;
        return options.targetGradient ? target : stopGradient(target);
      });
      const dice = decoders.map((logits) => {
        const [own] = splitPatches(logits, labelled.image, image);
        return diceLoss(own, labelled.label);
      });
      const mutual = decoders.flatMap((logits, i) =>
        sharpened.flatMap((target, j) => (i === j ? [] : softmaxMseLoss(logits, target))),
      );
      const [supervised, consistency] = [tf.addN(dice), tf.addN(mutual)];
      const loss = tf.add(tf.mul(supervised, options.supervisedWeight), tf.mul(consistency, weight)) as tf.Scalar;
      return { loss, supervised, consistency };
    });
  },

  predict(patches, { options, parts }) {
    const { decoders } = applyNetwork(parts.models.network, patches, { branches: options.evaluate === 'mean' });
    return tf.div(tf.addN(decoders.map((logits) => tf.softmax(logits))), decoders.length);
  },
};
