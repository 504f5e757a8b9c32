import { applyNetwork } from '@crln/layers';
import { diceCeLoss, softmaxKlLoss, softmaxMseLoss } from '@crln/losses';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as z from 'zod';
import type { Method } from '../method.js';
import { createNetwork, createSgd } from '../network.js';
import type { Sgd } from '../optimizers/sgd.js';
import type { NetworkSettings } from '../settings.js';
import { present, ramp, rampUp, splitPatches } from './common.js';

const options = z.strictObject({
  /** S: resolutions that predict, the full one among them. Absent: 4, or as many as the network has where these are fewer. */
  scales: z.int().min(2).optional(),
  /** Weight of the consistency loss once it is ramped up. */
  consistencyWeight: z.number().nonnegative().default(0.1),
  rampUp,
  /** The full resolution predicts, or the mean of all. */
  evaluate: z.enum(['first', 'mean']).default('first'),
});
type Options = z.infer<typeof options>;

interface UrpcParts {
  models: { network: LayersModel };
  optimizers: { network: Sgd };
}

const MOST_SCALES = 4;
/** Keeps ln p finite where p is 0. */
const EPSILON = 1e-8;

/**
 * Uncertainty-rectified pyramid consistency: one network whose decoder predicts p_1 … p_S at S resolutions, all brought to the full one.
 * L_sup is the mean over them of 0.5·(cross-entropy + Dice). On the unlabelled patches each is drawn to their mean p_c where it does not
 * differ much from it: with D_s = Σ_c p_s·ln(p_s / p_c) at each voxel and w_s = exp(−D_s),
 *
 *   L_unsup = 1/S Σ_s (mean_v w_s·(p_s − p_c)² / mean_v w_s + mean_v D_s),
 *
 * the square averaged over classes. Gradients flow through p_c and w_s too.
 *
 * Luo et al., MICCAI 2021. Ours, where the text leaves it open: the mean of ratios (the text has one ratio of sums over all scales, divided by
 * S once more), and D's mean for its norm. Before each coarser head is dropout, at the network's rate; the paper's feature noise is left out.
 * The full resolution predicts.
 */
export const urpc: Method<Options, UrpcParts> = {
  name: 'urpc',
  options,
  needs: () => ({ unlabelled: true, strong: false }),

  footprint: (options, network) => ({ scores: 9 * (scalesOf(options, network) - 1) }),

  build(context) {
    const scales = scalesOf(context.options, context.network);
    const network = createNetwork(context, { auxiliaryHeads: scales - 1 });
    return { models: { network }, optimizers: { network: createSgd(context, { network }) } };
  },

  step({ labelled, unlabelled }, { options, parts, iteration, stream }) {
    const { image } = present(unlabelled, 'unlabelled');
    const both = tf.concat([labelled.image, image]);
    const weight = options.consistencyWeight * ramp(options.rampUp, iteration);
    return parts.optimizers.network.minimise(() => {
      const call = { training: true, seed: stream('network').seed() };
      const { logits, auxiliary } = applyNetwork(parts.models.network, both, call);
      const scales = [logits, ...auxiliary].map((x) => splitPatches(x, labelled.image, image));
      const supervised = average(scales.map(([own]) => diceCeLoss(own, labelled.label))) as tf.Scalar;
      const consistency = rectifiedConsistency(scales.map(([, other]) => other));
      return { loss: tf.add(supervised, tf.mul(consistency, weight)) as tf.Scalar, supervised, consistency };
    });
  },

  predict(patches, { options, parts }) {
    const { logits, auxiliary } = applyNetwork(parts.models.network, patches, {
      branches: options.evaluate === 'mean',
    });
    return average([logits, ...auxiliary].map((x) => tf.softmax(x)));
  },
};

const scalesOf = ({ scales }: Options, { levels }: NetworkSettings): number => scales ?? Math.min(MOST_SCALES, levels);

const average = (terms: tf.Tensor[]): tf.Tensor => tf.div(tf.addN(terms), terms.length);

/** L_unsup of the logits of every scale, [N, D, H, W, C] each. */
function rectifiedConsistency(scales: tf.Tensor5D[]): tf.Scalar {
  // ln p_c are logits of p_c.
  const centre = tf.log(tf.add(average(scales.map((x) => tf.softmax(x))), EPSILON)) as tf.Tensor5D;
  const terms = scales.map((x) => {
    const divergence = softmaxKlLoss(centre, x, { reduction: 'none' });
    const distance = tf.mean(softmaxMseLoss(x, centre, { reduction: 'none' }), -1);
    const weight = tf.exp(tf.neg(divergence));
    return tf.add(tf.div(tf.mean(tf.mul(weight, distance)), tf.mean(weight)), tf.mean(divergence));
  });
  return average(terms) as tf.Scalar;
}
