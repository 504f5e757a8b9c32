import { stream, type Triple } from '@crln/core';
import { applyNetwork, type DynamicInteraction, dynamicInteraction, type Rectifier, rectifier } from '@crln/layers';
import { collaborativePositiveSupervision, confidenceWeightedCrossEntropy, cpsSample, diceCeLoss } from '@crln/losses';
import { type PseudoLabels, pseudoLabels } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Batch } from '../batch.js';
import type { Method, MethodContext, StepContext } from '../method.js';
import { createNetwork, createSgd } from '../network.js';
import { copyBuffers, emaDecay, movingAverage } from '../optimizers/ema.js';
import type { Sgd } from '../optimizers/sgd.js';
import { present } from './common.js';
import { type CrlnOptions, crlnOptions } from './crlnOptions.js';

interface CrlnParts {
  models: {
    student: LayersModel;
    studentInteraction: DynamicInteraction;
    teacher: LayersModel;
    teacherInteraction: DynamicInteraction;
    rectifier: Rectifier;
  };
  optimizers: { student: Sgd; rectifier: Sgd };
  /** With `positive: 'prototypes'`: a fixed random map from the prototypes' width to the representation's. */
  state: { projection?: tf.Variable };
}
type Step = StepContext<CrlnOptions, CrlnParts>;

/**
 * Cooperative rectification learning: a teacher whose pseudo-labels are rectified by class prototypes, learned from the labelled data,
 * that attend to its features; and a contrast that pulls hard voxels to their class's mean and prototype.
 *
 * Wang et al., Medical Image Analysis 2025, arXiv 2502.11456.
 */
export const crln: Method<CrlnOptions, CrlnParts> = {
  name: 'crln',
  options: crlnOptions,
  needs: () => ({ unlabelled: true, strong: true }),
  footprint: ({ prototypes }) => ({ representation: prototypes }),

  build(context) {
    const { options, seed } = context;
    const network = () => createNetwork(context, { representation: options.prototypes });
    const [student, teacher] = [network(), network()];
    const [studentInteraction, teacherInteraction] = [createInteraction(context), createInteraction(context)];
    const mu = rectifier({ clip: options.clipMu });
    const width = 4 * context.network.baseFilters;
    const normals = () => stream(seed, 'crln/projection').normals(width * options.prototypes);
    const projection = () => tf.div(tf.tensor2d(normals(), [width, options.prototypes]), Math.sqrt(width));
    return {
      models: { student, studentInteraction, teacher, teacherInteraction, rectifier: mu },
      optimizers: {
        student: createSgd(context, { student, interaction: studentInteraction }),
        rectifier: createSgd(context, { rectifier: mu }),
      },
      state: options.positive === 'prototypes' ? { projection: tf.variable(projection(), false) } : {},
    };
  },

  step(batch, context) {
    const { options, parts, iteration } = context;
    const { student, studentInteraction, teacher, teacherInteraction } = parts.models;
    // Tidied by itself, so that the teacher's activations are gone before the student's come.
    const pseudo = tf.tidy(() => teach(batch, context));
    const pairs = [
      [teacher, student],
      [teacherInteraction, studentInteraction],
    ] as const;
    const average = movingAverage(pairs, emaDecay(iteration, options.emaDecay));
    const terms = parts.optimizers.student.minimise(() => studentLosses(batch, pseudo, context), average);
    // A teacher in evaluation mode never gathers running statistics of its own.
    if (options.teacherMode === 'eval') for (const [to, from] of pairs) copyBuffers(to, from);
    return { ...terms, ...tf.tidy(() => stepMu(batch, context)) };
  },

  predict(patches, { parts }) {
    const { teacher, teacherInteraction, rectifier } = parts.models;
    const { logits, interaction } = applyNetwork(teacher, patches, { representation: false });
    return tf.softmax(rectifier.apply([logits, teacherInteraction.apply(interaction) as tf.Tensor]) as tf.Tensor);
  },
};

function createInteraction({ options, network, classes, patch, seed }: MethodContext<CrlnOptions>): DynamicInteraction {
  const { residual, crossClass, initStd, affine, ...rest } = options.interaction;
  const voxels = ([side0, side1, side2]: Triple, stride: number) => (side0 * side1 * side2) / stride ** 3;
  return dynamicInteraction({
    ...rest,
    classes,
    seed,
    affine,
    prototypes: options.prototypes,
    variant: options.variant,
    widths: [4 * network.baseFilters, 2 * network.baseFilters],
    ...(affine === 'voxel' && { voxels: [voxels(patch, 4), voxels(patch, 2)] }),
    ...(residual !== undefined && { residual }),
    ...(crossClass !== undefined && { crossClass }),
    ...(initStd !== undefined && { initStd }),
  });
}

/**
 * The teacher's word on the weakly augmented patches, rectified once the warm-up is over, in the place where the strong augmentation put
 * it. Nothing of it is on a tape.
 */
function teach({ unlabelled }: Batch, { options, parts, iteration, stream }: Step): PseudoLabels {
  const { image, strong } = present(unlabelled, 'unlabelled');
  const { index } = present(strong, 'strongly augmented');
  const { teacher, teacherInteraction, rectifier } = parts.models;
  const call = { training: options.teacherMode === 'train', seed: stream('teacher').seed() };
  const { logits, interaction } = applyNetwork(teacher, image, call);
  const rectified =
    iteration < options.warmUp
      ? logits
      : (rectifier.apply([logits, teacherInteraction.apply(interaction, call) as tf.Tensor]) as tf.Tensor5D);
  return pseudoLabels(rectified, index);
}

/** L = L_sup(logits) + L_sup(M) + unsupervisedWeight·L_unsup + cpsWeight·L_cps, on two separate forward passes. */
function studentLosses({ labelled, unlabelled }: Batch, pseudo: PseudoLabels, context: Step) {
  const { options, parts, stream } = context;
  const { student, studentInteraction } = parts.models;
  const call = { training: true, seed: stream('student/labelled').seed() };
  const known = applyNetwork(student, labelled.image, call);
  const map = studentInteraction.apply(known.interaction, call) as tf.Tensor5D;
  const other = applyNetwork(student, present(unlabelled?.strong, 'strongly augmented').image, {
    training: true,
    seed: stream('student/unlabelled').seed(),
  });

  const supervised = tf.add(diceCeLoss(known.logits, labelled.label), diceCeLoss(map, labelled.label));
  const unsupervised = confidenceWeightedCrossEntropy(other.logits, pseudo.label, pseudo.confidence, {
    threshold: options.sureThreshold,
  });
  const terms = { supervised: supervised as tf.Scalar, unsupervised };
  const loss = tf.add(supervised, tf.mul(unsupervised, options.unsupervisedWeight)) as tf.Scalar;
  if (options.cpsWeight === 0) return { loss, ...terms };
  const sure = tf.cast(tf.greaterEqual(pseudo.confidence, options.validThreshold), 'float32');
  const cps = collaborativePositiveSupervision(
    {
      representation: tf.concat([known.representation as tf.Tensor5D, other.representation as tf.Tensor5D]),
      labels: tf.concat([labelled.label, pseudo.label]),
      valid: tf.concat([tf.onesLike(tf.cast(labelled.label, 'float32')), sure]) as tf.Tensor4D,
      probabilities: tf.softmax(tf.concat([known.logits, other.logits])),
      random: cpsSample(stream('cps'), { ...options, classes: context.classes }),
      ...positiveBlend(context),
    },
    options,
  );
  return { loss: tf.add(loss, tf.mul(cps, options.cpsWeight)) as tf.Scalar, ...terms, cps };
}

/** The teacher's prototypes as part of the positives, once the warm-up is over. */
function positiveBlend({ options, parts, iteration, stream }: Step): { prototypes?: tf.Tensor2D; xi?: number } {
  if (iteration < options.warmUp) return {};
  const { bank } = parts.models.teacherInteraction;
  const { projection } = parts.state;
  return {
    prototypes: projection ? tf.matMul(bank.prototypeMeans(), projection as tf.Tensor2D) : bank.featureMeans(),
    xi: options.xi === 'uniform' ? stream('xi').uniform() : options.xi,
  };
}

/** One step of μ on the labelled patches: the student just updated, in evaluation mode, its logits and map as constants. */
function stepMu({ labelled }: Batch, { options, parts }: Step): Record<string, tf.Scalar> {
  const { student, studentInteraction, rectifier } = parts.models;
  const { logits, interaction } = applyNetwork(student, labelled.image, { representation: false });
  const map = studentInteraction.apply(interaction) as tf.Tensor;
  const { loss } = parts.optimizers.rectifier.minimise(() => ({
    loss: diceCeLoss(rectifier.apply([logits, map]) as tf.Tensor5D, labelled.label),
  }));
  const mu = rectifier.mu.read();
  // What is logged is what rectifies.
  return {
    rectification: loss as tf.Scalar,
    mu: (options.clipMu ? tf.clipByValue(mu, 0, 1) : tf.clone(mu)) as tf.Scalar,
  };
}
