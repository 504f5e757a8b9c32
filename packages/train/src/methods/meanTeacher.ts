import { applyNetwork } from '@crln/layers';
import { diceCeLoss, softmaxMseLoss } from '@crln/losses';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import type { Method } from '../method.js';
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
  /** What the teacher's input gets. */
  noise,
  evaluate: z.enum(['teacher', 'student']).default('teacher'),
});

/**
 * Mean teacher: 0.5·(cross-entropy + Dice) on the labelled patches, and on the unlabelled ones the mean squared difference to the
 * softmax of a teacher (an exponential moving average, in training mode) that sees them with noise.
 *
 * Tarvainen and Valpola, NeurIPS 2017; settings of the 3-D segmentation literature (UA-MT, MICCAI 2019).
 */
export const meanTeacher: Method<z.infer<typeof options>, TeacherParts> = {
  name: 'mean-teacher',
  options,
  needs: () => ({ unlabelled: true, strong: false }),

  build: studentAndTeacher,

  step({ labelled, unlabelled }, { options, parts, iteration, stream }) {
    const { student, teacher } = parts.models;
    const { image } = present(unlabelled, 'unlabelled');
    // Tidied by itself, so that the teacher's activations are gone before the student's come.
    const target = tf.tidy(() => {
      const noisy = withNoise(image, options.noise, stream('noise'));
      return applyNetwork(teacher, noisy, { training: true, seed: stream('teacher').seed() }).logits;
    });
    const weight = options.consistencyWeight * ramp(options.rampUp, iteration);
    const both = tf.concat([labelled.image, image]);
    const average = movingAverage([[teacher, student]], emaDecay(iteration, options.emaDecay));
    return parts.optimizers.student.minimise(() => {
      const { logits } = applyNetwork(student, both, { training: true, seed: stream('student').seed() });
      const [own, other] = splitPatches(logits, labelled.image, image);
      const supervised = diceCeLoss(own, labelled.label);
      const consistency = softmaxMseLoss(other, target);
      return { loss: tf.add(supervised, tf.mul(consistency, weight)) as tf.Scalar, supervised, consistency };
    }, average);
  },

  predict(patches, { options, parts }) {
    return tf.softmax(applyNetwork(parts.models[options.evaluate], patches).logits);
  },
};
