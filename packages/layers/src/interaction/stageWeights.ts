import type { LayerVariable } from '@tensorflow/tfjs-layers';
import { type BatchNormWeights, batchNormWeights } from '../layers/batchStatistics.js';
import { constant, type Fill, fanInUniform, kaimingNormal } from '../layers/initializers.js';

/** Adds a weight to the layer that owns the stage. */
export type MakeWeight = (name: string, shape: number[], fill: Fill, trainable?: boolean) => LayerVariable;

/** Kernel and bias of a convolution or Linear. */
export interface Affine {
  kernel: LayerVariable;
  bias: LayerVariable;
}

/** Gain and bias of a layer norm. */
export interface NormWeights {
  gamma: LayerVariable;
  beta: LayerVariable;
}

/** All weights of one stage, in the order of their use; DynamicInteraction says what each does. */
export interface StageWeights {
  projection: Affine;
  tokenNorm: NormWeights;
  queryNorm: NormWeights;
  keyValueNorm: NormWeights;
  query: Affine;
  keyValue: Affine;
  attention: Affine;
  mlpNorm: NormWeights;
  mlp1: Affine;
  mlp2: Affine;
  gain: LayerVariable;
  bias: LayerVariable;
  depthwise: LayerVariable;
  depthwiseNorm: BatchNormWeights;
  pointwise: LayerVariable;
  pointwiseNorm: BatchNormWeights;
  cue: Affine;
  crossClass: Affine | null;
  next: Affine;
}

export interface StageShape {
  /** Channels of the stage's feature and prototypes. */
  width: number;
  /** Width of the prototypes it hands on. */
  next: number;
  classes: number;
  prototypes: number;
  /** Length of the refinement's affine where it is per voxel. */
  voxels: number | null;
  crossClass: boolean;
}

/** Makes the weights of one stage, also those that its position leaves unused: counts and names do not depend on it. */
export function stageWeights(make: MakeWeight, prefix: string, shape: StageShape): StageWeights {
  const { width, next, classes, prototypes, voxels, crossClass } = shape;
  const weight: MakeWeight = (name, ...rest) => make(`${prefix}/${name}`, ...rest);
  const norm = (name: string): NormWeights => ({
    gamma: weight(`${name}/gamma`, [width], constant(1)),
    beta: weight(`${name}/beta`, [width], constant(0)),
  });
  const linear = (name: string, from: number, to: number): Affine => ({
    kernel: weight(`${name}/kernel`, [from, to], fanInUniform(from)),
    bias: weight(`${name}/bias`, [to], fanInUniform(from)),
  });
  const pointConv = (name: string, from: number, to: number): Affine => ({
    kernel: weight(`${name}/kernel`, [1, 1, 1, from, to], kaimingNormal(from)),
    bias: weight(`${name}/bias`, [to], fanInUniform(from)),
  });
  const affine = voxels === null ? [classes, prototypes] : [voxels];
  return {
    projection: pointConv('projection', width, width),
    tokenNorm: norm('tokenNorm'),
    queryNorm: norm('queryNorm'),
    keyValueNorm: norm('keyValueNorm'),
    query: linear('query', width, width),
    keyValue: linear('keyValue', width, 2 * width),
    attention: linear('attention', width, width),
    mlpNorm: norm('mlpNorm'),
    mlp1: linear('mlp1', width, 4 * width),
    mlp2: linear('mlp2', 4 * width, width),
    gain: weight('gain', affine, constant(1)),
    bias: weight('bias', affine, constant(0)),
    depthwise: weight('depthwise/kernel', [3, 3, 3, prototypes], kaimingNormal(27)),
    depthwiseNorm: batchNormWeights(weight, prototypes, true, 'depthwiseNorm/'),
    pointwise: weight('pointwise/kernel', [1, 1, 1, prototypes, prototypes], kaimingNormal(prototypes)),
    pointwiseNorm: batchNormWeights(weight, prototypes, true, 'pointwiseNorm/'),
    cue: pointConv('cue', prototypes, 1),
    crossClass: crossClass ? pointConv('crossClass', classes * prototypes, classes) : null,
    next: linear('next', width, next),
  };
}
