import { applyNetwork } from '@crln/layers';
import { diceCeLoss, sigmoidRampUp, softmaxMseLoss, voxelEntropy } from '@crln/losses';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import type { Method, StepContext } from '../method.js';
import { emaDecay, movingAverage } from '../optimizers/ema.js';
import {
  noise,
  present,
  ramp,
  rampUp,
  splitPatches,
  studentAndTeacher,
  type TeacherParts,
  withNoise,
} from './common.js';

const options = z.strictObject({
  emaDecay: z.number().min(0).max(1).default(0.99),
  /** Weight of the consistency loss once it is ramped up. */
  consistencyWeight: z.number().nonnegative().default(0.1),
  rampUp,
  /** What the teacher's input gets, anew in every pass. */
  noise,
  /** Monte-Carlo passes of the teacher that its uncertainty is estimated from. */
  passes: z.int().positive().default(8),
  /** A voxel counts while its entropy is below this fraction of ln C; it rises to 1 over the run. */
  threshold: z.number().min(0).max(1).default(0.75),
  evaluate: z.enum(['teacher', 'student']).default('student'),
});
type Options = z.infer<typeof options>;

/**
 * Uncertainty-aware mean teacher: a mean teacher whose word counts only where it is certain. Its uncertainty u is the entropy of its mean
 * probabilities over `passes` passes with dropout and noise; the consistency loss is the mean over the voxels with u < H, and all classes,
 * of (softmax(student) − softmax(teacher))², H = (threshold + (1 − threshold)·exp(−5·(1 − t/T)²))·ln C in iteration t of T. It is 0 where
 * no voxel is certain. `certain` in the log is the share of voxels that counted.
 *
 * Yu et al., MICCAI 2019. The target is one more noisy pass, as in a mean teacher. Ours: passes run one after the other on the
 * unlabelled patches, so that batch statistics are theirs alone and memory does not grow with `passes`; the student predicts, as in the
 * paper, unless `evaluate` says otherwise. The paper's run: 6,000 iterations, rate .01 divided by 10 every 2,500, weight decay 1e-4.
 */
export const uaMt: Method<Options, TeacherParts> = {
  name: 'ua-mt',
  options,
  needs: () => ({ unlabelled: true, strong: false }),

  build: studentAndTeacher,

  step({ labelled, unlabelled }, context) {
    const { options, parts, iteration, stream } = context;
    const { student, teacher } = parts.models;
    const { image } = present(unlabelled, 'unlabelled');
    const { target, certain } = teach(image, context);
    const weight = options.consistencyWeight * ramp(options.rampUp, iteration);
    const both = tf.concat([labelled.image, image]);
    const average = movingAverage([[teacher, student]], emaDecay(iteration, options.emaDecay));
    return parts.optimizers.student.minimise(() => {
      const { logits } = applyNetwork(student, both, { training: true, seed: stream('student').seed() });
      const [own, other] = splitPatches(logits, labelled.image, image);
      const supervised = diceCeLoss(own, labelled.label);
      const distance = tf.mean(softmaxMseLoss(other, target, { reduction: 'none' }), -1);
      const counted = tf.maximum(tf.sum(certain), 1);
      const consistency = tf.div(tf.sum(tf.mul(distance, certain)), counted) as tf.Scalar;
      const loss = tf.add(supervised, tf.mul(consistency, weight)) as tf.Scalar;
      return { loss, supervised, consistency, certain: tf.mean(certain) as tf.Scalar };
    }, average);
  },

  predict(patches, { options, parts }) {
    return tf.softmax(applyNetwork(parts.models[options.evaluate], patches).logits);
  },
};

/** The teacher's logits of one noisy pass [N, D, H, W, C], and 1 where it is certain by its other passes, else 0 [N, D, H, W]. */
function teach(
  image: tf.Tensor5D,
  { options, parts, classes, iteration, iterations, stream }: StepContext<Options, TeacherParts>,
) {
  // Tidied pass by pass, so that the activations of one are gone before the next.
  const pass = (i: number) =>
    tf.tidy(() => {
      const noisy = withNoise(image, options.noise, stream(`noise/${i}`));
      return applyNetwork(parts.models.teacher, noisy, { training: true, seed: stream(`teacher/${i}`).seed() }).logits;
    });
  const target = pass(0);
  return tf.tidy(() => {
    let sum: tf.Tensor = tf.zerosLike(target);
    for (let i = 1; i <= options.passes; i++) {
      const before = sum;
      sum = tf.tidy(() => tf.add(before, tf.softmax(pass(i))));
      before.dispose();
    }
    const entropy = voxelEntropy(tf.div(sum, options.passes) as tf.Tensor5D);
    const { threshold } = options;
    const limit = (threshold + (1 - threshold) * sigmoidRampUp(iteration, iterations)) * Math.log(classes);
    return { target, certain: tf.cast(tf.less(entropy, limit), 'float32') };
  });
}
