import { CrlnError, type Triple } from '@crln/core';
import { applyNetwork } from '@crln/layers';
import { diceCeLoss } from '@crln/losses';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import type { Batch } from '../batch.js';
import type { Method, StepContext } from '../method.js';
import { largestComponent } from '../metrics/components.js';
import { copyBuffers, movingAverage } from '../optimizers/ema.js';
import { present, studentAndTeacher, type TeacherParts } from './common.js';
import { boxMask, ends, paste, regionLoss } from './copyPaste.js';

const options = z.strictObject({
  /** Iterations on mixes of labelled patches alone, at first. Absent: 2,000, or 2/17 of the run (the paper's share) where this is less. */
  preTraining: z.int().nonnegative().optional(),
  emaDecay: z.number().min(0).max(1).default(0.99),
  /** Side of the pasted box as a fraction of the patch's. */
  box: z
    .number()
    .gt(0)
    .lt(1)
    .default(2 / 3),
  /** α: weight of what is learned from pseudo-labels. */
  unlabelledWeight: z.number().nonnegative().default(0.5),
  /** Keep the largest component of each class of a pseudo-label. It is found on the CPU: pseudo-labels are read back in every iteration. */
  largestComponent: z.boolean().default(true),
  evaluate: z.enum(['teacher', 'student']).default('student'),
});
type Options = z.infer<typeof options>;

type Step = StepContext<Options, TeacherParts>;

/**
 * Bidirectional copy-paste: a box of an unlabelled patch is pasted into a labelled one and a box of a labelled patch into an unlabelled one,
 * labels and the teacher's pseudo-labels with them. L = Σ over both mixes of ℓ(labelled region) + α·ℓ(unlabelled region), ℓ =
 * 0.5·(cross-entropy + Dice) over the voxels of the region. The teacher is an average of the student. Both come from a pre-training
 * on mixes of labelled patches.
 *
 * Bai et al., CVPR 2023: 2,000 and 15,000 iterations of 4 + 4 patches. A step mixes the first half of the labelled patches with the first of the
 * unlabelled, and the second with the second; where one is odd or longer, patches are left over. Ours, where the text leaves it open: one box
 * an iteration, anywhere; one forward pass for both mixes; Dice without the background; the teacher drops and takes batch statistics; schedule and
 * momentum go on from pre-training. The student predicts, as in the paper.
 *
 * `largestComponent`, the paper's, costs a wait for the backend in every iteration.
 */
export const bcp: Method<Options, TeacherParts> = {
  name: 'bcp',
  options,
  needs: () => ({ unlabelled: true, strong: false }),
  footprint: () => ({ share: 0.5, scores: 8 }),

  build: studentAndTeacher,

  async prepare(batch, context): Promise<{ pseudoLabels?: Int32Array }> {
    if (context.iteration < preTrainingOf(context) || !context.options.largestComponent) return {};
    const labels = tf.tidy(() => teach(batch, context));
    const values = (await labels.data()) as Int32Array;
    const [samples, ...shape] = labels.shape as [number, ...Triple];
    labels.dispose();
    const size = values.length / samples;
    const pseudoLabels = new Int32Array(values.length);
    for (let at = 0; at < values.length; at += size) {
      pseudoLabels.set(largestComponent(values.subarray(at, at + size), shape), at);
    }
    return { pseudoLabels };
  },

  step(batch, context) {
    const { options, parts, iteration, stream, patch, prepared } = context;
    const { student, teacher } = parts.models;
    const { image } = present(batch.unlabelled, 'unlabelled');
    const { labelled } = batch;
    const box = boxMask(patch, options.box, stream('box'));
    const call = { training: true, seed: stream('student').seed() };
    const count = Math.max(1, Math.floor(Math.min(labelled.image.shape[0], image.shape[0]) / 2));
    const [imageA, imageB] = ends(labelled.image, count);
    const [labelA, labelB] = ends(labelled.label, count);

    if (iteration < preTrainingOf(context)) {
      const terms = parts.optimizers.student.minimise(
        () => {
          const { logits } = applyNetwork(student, paste(imageA, imageB, box), call);
          const supervised = diceCeLoss(logits, paste(labelA, labelB, box));
          return { loss: supervised, supervised };
        },
        movingAverage([[teacher, student]], 0),
      );
      copyBuffers(teacher, student);
      return terms;
    }

    const [otherA, otherB] = ends(image, count);
    const pseudo = options.largestComponent
      ? tf.tensor<tf.Rank.R4>(
          present(prepared.pseudoLabels, 'pseudo-labelled'),
          image.shape.slice(0, 4) as never,
          'int32',
        )
      : tf.tidy(() => teach(batch, context));
    const [pseudoA, pseudoB] = ends(pseudo, count);
    const mixed = tf.concat([paste(imageA, otherA, box), paste(otherB, imageB, box)]);
    const around = tf.sub(tf.scalar(1, 'int32'), box);
    return parts.optimizers.student.minimise(
      () => {
        const [inward, outward] = tf.split(applyNetwork(student, mixed, call).logits, 2) as [tf.Tensor5D, tf.Tensor5D];
        const supervised = tf.add(regionLoss(inward, labelA, around), regionLoss(outward, labelB, box)) as tf.Scalar;
        const pasted = tf.add(regionLoss(inward, pseudoA, box), regionLoss(outward, pseudoB, around)) as tf.Scalar;
        return { loss: tf.add(supervised, tf.mul(pasted, options.unlabelledWeight)) as tf.Scalar, supervised, pasted };
      },
      movingAverage([[teacher, student]], options.emaDecay),
    );
  },

  predict(patches, { options, parts }) {
    return tf.softmax(applyNetwork(parts.models[options.evaluate], patches).logits);
  },
};

/** @throws CrlnError `invalid-option` where nothing of the run is left for the unlabelled patches */
function preTrainingOf({ options, iterations }: Step): number {
  const { preTraining = Math.min(2000, Math.floor((iterations * 2) / 17)) } = options;
  if (preTraining < iterations) return preTraining;
  throw new CrlnError(
    'invalid-option',
    `method bcp: preTraining is ${preTraining}, and the run has ${iterations} iterations: it would never see an unlabelled patch; use fewer, or leave it out`,
    { preTraining, iterations },
  );
}

/** The teacher's classes of the unlabelled patches, int32 [U, D, H, W]. */
function teach({ unlabelled }: Batch, { parts, stream }: Step): tf.Tensor4D {
  const call = { training: true, seed: stream('teacher').seed() };
  return tf.argMax(
    applyNetwork(parts.models.teacher, present(unlabelled, 'unlabelled').image, call).logits,
    -1,
  ) as tf.Tensor4D;
}
