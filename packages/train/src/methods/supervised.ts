import { applyNetwork } from '@crln/layers';
import { diceCeLoss } from '@crln/losses';
import { softmax } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as z from 'zod';
import type { Method } from '../method.js';
import { createNetwork, createSgd } from '../network.js';
import { copyBuffers, emaDecay, movingAverage } from '../optimizers/ema.js';
import type { Sgd } from '../optimizers/sgd.js';

const options = z.strictObject({
  /** Of the averaged network, whose running statistics are copies of the trained one's. */
  emaDecay: z.number().min(0).max(1).default(0.99),
  /** The averaged network (`teacher`) or the trained one predicts. */
  evaluate: z.enum(['teacher', 'student']).default('teacher'),
});

interface SupervisedParts {
  models: { student: LayersModel; teacher: LayersModel };
  optimizers: { student: Sgd };
}

/** Labelled patches only: 0.5·(cross-entropy + Dice), with an average of the weights beside the trained network. */
export const supervised: Method<z.infer<typeof options>, SupervisedParts> = {
  name: 'supervised',
  options,
  needs: () => ({ unlabelled: false, strong: false }),

  build(context) {
    const student = createNetwork(context);
    return {
      models: { student, teacher: createNetwork(context) },
      optimizers: { student: createSgd(context, { student }) },
    };
  },

  step({ labelled }, { options, parts, iteration, stream }) {
    const { student, teacher } = parts.models;
    const average = movingAverage([[teacher, student]], emaDecay(iteration, options.emaDecay));
    const terms = parts.optimizers.student.minimise(() => {
      const { logits } = applyNetwork(student, labelled.image, { training: true, seed: stream('student').seed() });
      return { loss: diceCeLoss(logits, labelled.label) };
    }, average);
    copyBuffers(teacher, student);
    return terms;
  },

  predict(patches, { options, parts }) {
    return softmax(applyNetwork(parts.models[options.evaluate], patches).logits);
  },
};
