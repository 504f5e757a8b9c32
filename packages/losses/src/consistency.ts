import * as tf from '@tensorflow/tfjs-core';
import { type Reduction, reduce } from './reduction.js';
import { checkSameShape, checkVoxelVectors } from './shapes.js';

export interface ConsistencyOptions {
  /** Default 'mean'. */
  reduction?: Reduction;
}

/**
 * Mean squared difference of two softmaxes: (softmax(student) − softmax(teacher))², by default the mean over voxels and classes.
 *
 * @param student logits [N, D, H, W, C]
 * @param teacher logits of the same shape; detach them first if no gradient shall flow there
 * @returns a scalar, or [N, D, H, W, C] for reduction 'none'
 * @throws CrlnError `invalid-shape`
 * Tarvainen and Valpola, Mean teachers, NeurIPS 2017.
 */
export function softmaxMseLoss(
  student: tf.Tensor5D,
  teacher: tf.Tensor5D,
  options: ConsistencyOptions & { reduction: 'none' },
): tf.Tensor5D;
export function softmaxMseLoss(
  student: tf.Tensor5D,
  teacher: tf.Tensor5D,
  options?: ConsistencyOptions & { reduction?: 'mean' | 'sum' },
): tf.Scalar;
export function softmaxMseLoss(
  student: tf.Tensor5D,
  teacher: tf.Tensor5D,
  options: ConsistencyOptions = {},
): tf.Tensor5D | tf.Scalar {
  check(student, teacher, 'softmaxMseLoss');
  return tf.tidy(() => {
    const squares = tf.squaredDifference(tf.softmax(student), tf.softmax(teacher)) as tf.Tensor5D;
    return reduce(squares, options.reduction ?? 'mean', squares.size);
  });
}

/**
 * Kullback–Leibler divergence of the student's softmax from the teacher's at each voxel: Σ_c t_c·(log t_c − log s_c), by default
 * the mean over voxels.
 *
 * @param student logits [N, D, H, W, C]
 * @param teacher logits of the same shape; detach them first if no gradient shall flow there
 * @returns a scalar, or [N, D, H, W] for reduction 'none'
 * @throws CrlnError `invalid-shape`
 */
export function softmaxKlLoss(
  student: tf.Tensor5D,
  teacher: tf.Tensor5D,
  options: ConsistencyOptions & { reduction: 'none' },
): tf.Tensor4D;
export function softmaxKlLoss(
  student: tf.Tensor5D,
  teacher: tf.Tensor5D,
  options?: ConsistencyOptions & { reduction?: 'mean' | 'sum' },
): tf.Scalar;
export function softmaxKlLoss(
  student: tf.Tensor5D,
  teacher: tf.Tensor5D,
  options: ConsistencyOptions = {},
): tf.Tensor4D | tf.Scalar {
  check(student, teacher, 'softmaxKlLoss');
  return tf.tidy(() => {
    const target = tf.logSoftmax(teacher);
    const gap = tf.sub(target, tf.logSoftmax(student));
    const losses = tf.sum(tf.mul(tf.exp(target), gap), -1) as tf.Tensor4D;
    return reduce(losses, options.reduction ?? 'mean', losses.size);
  });
}

function check(student: tf.Tensor5D, teacher: tf.Tensor5D, name: string): void {
  checkVoxelVectors(student, `${name} student`);
  checkSameShape(student, teacher, `${name} student`, `${name} teacher`);
}
