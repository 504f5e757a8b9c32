import type { Pads3d, Triple } from './shapes.js';

/**
 * The kernels that a `@crln` backend registers beside the stock ones, and what they take. `@crln/ops` runs a kernel where the
 * current backend has it and composes stock operations where it has not. All tensors are float32 and channels-last unless said.
 *
 * | kernel | inputs | attributes | outputs |
 * |---|---|---|---|
 * | Conv3d | x [N,D,H,W,Ci], filter [kd,kh,kw,Ci,Co], bias? [Co] | ConvAttrs | y [N,D',H',W',Co] |
 * | Conv3dInputGrad | dy [N,D',H',W',Co], filter, bias? [Ci] (added to every voxel: a transposed conv's) | ConvAttrs + inputShape | dx |
 * | Conv3dFilterGrad | x, dy | ConvAttrs + filterShape | dw |
 * | DepthwiseConv3d | x [N,D,H,W,C], filter [kd,kh,kw,C], bias? | ConvAttrs | y |
 * | DepthwiseConv3dInputGrad | dy, filter | ConvAttrs + inputShape | dx |
 * | DepthwiseConv3dFilterGrad | x, dy | ConvAttrs + filterShape | dw [kd,kh,kw,C] |
 * | Norm | x [N,…,C], gamma? [C], beta? [C] | NormAttrs | y = (x − mean)·scale + shift, mean, variance (biased), shift [G,C]; G = N per instance, else 1 |
 * | NormGrad | dy, x, mean, variance, shift, gamma? | NormAttrs | dx, dgamma [C], dbeta [C] |
 * | BatchNormTraining | x, gamma?, beta?, runningMean [C], runningVariance [C] | NormAttrs + momentum | as Norm, and the running statistics as RunningStatistics |
 * | BatchNormInference | x, mean [C], variance [C], gamma?, beta? | { epsilon, relu } | y = (x − mean)/√(variance + ε)·γ + β |
 * | RunningStatistics | mean [C], variance [C], batchMean [C], batchVariance [C] (biased) | { momentum, count } | mean', variance': old·(1 − momentum) + batch·momentum, the variance times count/(count − 1) |
 * | ChannelAffine | x [N,…,C], scale [C], shift [C] | { relu } | y = x·scale + shift, then ReLU where asked |
 * | ChannelAffineGrad | dy, x, y, scale | { relu } | dx, dscale [C], dshift [C] |
 * | ChannelSum | x [N,…,C] | {} | [C], summed over all axes but the last |
 * | ScaleChannels | x [N,…,C], mask [N,C] | {} | y = x·mask (channel dropout, and its gradient) |
 * | SoftmaxCrossEntropy | logits [M,C], labels [M] int32 | { ignoreIndex } | loss [M], 0 where ignored |
 * | SoftmaxCrossEntropyGrad | dy [M], logits, labels | { ignoreIndex } | dlogits |
 * | CrossEntropySums | logits [N,…,C], labels [N,…] int32 | { ignoreIndex } | [N,3]: Σ loss, # loss > 2⁻²⁴, # not ignored |
 * | CrossEntropySumsGrad | dy [N,3], logits, labels | { ignoreIndex } | dlogits |
 * | ConfidenceCe | logits [N,…,C], labels [N,…] int32, confidence [N,…] | { ignoreIndex, threshold } | Σₙ wₙ·Σ loss of n, wₙ = # confidence ≥ threshold / # not ignored / # loss > 2⁻²⁴ in all n; and [N,3]: wₙ, 0, 0 |
 * | DiceSums | probabilities [M,C], labels [M] int32 | { softmax }: of the softmax of the input | [3, C]: Σ p·t, Σ p², Σ t² |
 * | DiceSumsGrad | dy [3,C], probabilities, labels | { softmax } | dp, or dlogits |
 * | DiceCe | logits [N,…,C], labels [N,…] int32 | DiceCeAttrs | λ_dice·(mean over classes of 1 − Dice of the softmax) + λ_ce·(mean cross-entropy), and its slopes in the sums of both [2C+1] |
 * | DiceCeGrad | dy [], slopes, logits, labels | DiceCeAttrs | dlogits |
 * | PseudoLabels | logits [V,C], index? [V] int32 | {} | label [V] int32, confidence [V], of the voxels index[v]; −1 and 0 where that is −1 |
 * | ContrastSamples | rows [V,R], labels [V] int32, valid [V], probabilities [V,C], anchor [C,A], negative [C,K], negativeClass? [C,K] | { threshold, temperature } | anchors [C,A] int32, negatives [C,K] int32, means [C,R], members [C], hard [C] |
 * | InfoNce | anchors [A,R], positives [P,R], rows [V,R], negatives [A,K] int32 | { temperature } | loss [A], slope of each in its anchor [A,R] |
 * | Gelu | x | {} | x·Φ(x) |
 * | GeluGrad | dy, x | {} | dy·(Φ(x) + x·φ(x)) |
 * | LayerNorm | x [M,C], gamma [C], beta [C] | { epsilon } | y, mean [M], rstd [M] |
 * | LayerNormGrad | dy, x, gamma, mean, rstd | {} | dx, dgamma, dbeta |
 * | ScatterRows | values [K,R], indices [K] int32 | { rows } | [rows, R], duplicates summed |
 * | MaxPool3d | x [N,D,H,W,C] | PoolAttrs | y [N,D',H',W',C] |
 * | MaxPool3dGrad | dy, x, y | PoolAttrs | dx: dy to the first maximum of each window, in D, H, W order |
 * | GatherAxes | x [N,D,H,W,C] or [N,D,H,W], float32 or int32 | GatherAxesAttrs | y: flips, turns, crops, pads |
 * | GatherVoxels | x (as of GatherAxes), index int32 (a flat voxel of x each, −1 = fill) | { fill } | y of the index' size, shaped as x |
 * | Resample3d | x [N,D,H,W,C] or [N,D,H,W] | { matrices } (a SparseMatrix for each of D, H, W) | y: each axis multiplied by its matrix |
 * | AddPairs | a0, b0, a1, b1, … each two of one shape | {} | a0 + b0, a1 + b1, … |
 * | SgdStep | parameter, gradient, velocity | SgdAttrs | parameter', velocity' |
 * | EmaStep | target, source | { decay } | target·decay + source·(1 − decay) |
 * | LossScale | state [3], gradient0, gradient1, … (of the scaled loss) | LossScaleAttrs | state', see LossScaleAttrs |
 * | OptimizerStep | parameter0, gradient0?, velocity0?, average0?, parameter1, …, scaling? [3] (a LossScale's state) | SgdAttrs + decay | for each: parameter', velocity' if it has a gradient; average' if it has one. With a scaling gradients are multiplied by its factor, and where that is 0 parameters and velocities stay |
 */
export const KERNELS = {
  Conv3d: 'CrlnConv3d',
  Conv3dInputGrad: 'CrlnConv3dInputGrad',
  Conv3dFilterGrad: 'CrlnConv3dFilterGrad',
  DepthwiseConv3d: 'CrlnDepthwiseConv3d',
  DepthwiseConv3dInputGrad: 'CrlnDepthwiseConv3dInputGrad',
  DepthwiseConv3dFilterGrad: 'CrlnDepthwiseConv3dFilterGrad',
  Norm: 'CrlnNorm',
  NormGrad: 'CrlnNormGrad',
  BatchNormTraining: 'CrlnBatchNormTraining',
  BatchNormInference: 'CrlnBatchNormInference',
  RunningStatistics: 'CrlnRunningStatistics',
  ChannelAffine: 'CrlnChannelAffine',
  ChannelAffineGrad: 'CrlnChannelAffineGrad',
  ChannelSum: 'CrlnChannelSum',
  ScaleChannels: 'CrlnScaleChannels',
  SoftmaxCrossEntropy: 'CrlnSoftmaxCrossEntropy',
  SoftmaxCrossEntropyGrad: 'CrlnSoftmaxCrossEntropyGrad',
  CrossEntropySums: 'CrlnCrossEntropySums',
  CrossEntropySumsGrad: 'CrlnCrossEntropySumsGrad',
  ConfidenceCe: 'CrlnConfidenceCe',
  DiceSums: 'CrlnDiceSums',
  DiceSumsGrad: 'CrlnDiceSumsGrad',
  DiceCe: 'CrlnDiceCe',
  DiceCeGrad: 'CrlnDiceCeGrad',
  PseudoLabels: 'CrlnPseudoLabels',
  ContrastSamples: 'CrlnContrastSamples',
  InfoNce: 'CrlnInfoNce',
  Gelu: 'CrlnGelu',
  GeluGrad: 'CrlnGeluGrad',
  LayerNorm: 'CrlnLayerNorm',
  LayerNormGrad: 'CrlnLayerNormGrad',
  ScatterRows: 'CrlnScatterRows',
  MaxPool3d: 'CrlnMaxPool3d',
  MaxPool3dGrad: 'CrlnMaxPool3dGrad',
  GatherAxes: 'CrlnGatherAxes',
  GatherVoxels: 'CrlnGatherVoxels',
  Resample3d: 'CrlnResample3d',
  AddPairs: 'CrlnAddPairs',
  SgdStep: 'CrlnSgdStep',
  EmaStep: 'CrlnEmaStep',
  LossScale: 'CrlnLossScale',
  OptimizerStep: 'CrlnOptimizerStep',
} as const;

export type KernelName = (typeof KERNELS)[keyof typeof KERNELS];

export interface ConvAttrs {
  strides: Triple;
  pads: Pads3d;
  dilations: Triple;
}
/** Shape [N, D, H, W, C] of the convolution's input, for its gradient. */
export type ConvInputGradAttrs = ConvAttrs & { inputShape: number[] };
export type ConvFilterGradAttrs = ConvAttrs & { filterShape: number[] };

export interface NormAttrs {
  /** Statistics over batch and space, or over the space of each sample. */
  over: 'batch' | 'instance';
  epsilon: number;
  /** y = max(normalised, 0). */
  relu: boolean;
}

/** Dice over the batch, with squares in the denominator, and cross-entropy. */
export interface DiceCeAttrs {
  /** Voxels with this label count in the Dice alone, and there for no class unless it is one. */
  ignoreIndex: number;
  /** The first class that counts in the Dice: 0, or 1 without the background. */
  first: number;
  smoothNr: number;
  smoothDr: number;
  lambdaDice: number;
  lambdaCe: number;
}

export interface PoolAttrs {
  poolSize: Triple;
  strides: Triple;
  pads: Pads3d;
}

/** Output axis a (0 = D, 1 = H, 2 = W) runs along input axis `along[a]`; its position i looks at input position `from[a][i]`, −1 = outside. */
export interface GatherAxesAttrs {
  along: Triple;
  from: readonly [Int32Array, Int32Array, Int32Array];
  /** The value outside. */
  fill: number;
}

/** A matrix by its rows: row i has weight `weights[k]` in column `columns[k]`, k = starts[i] … starts[i + 1] − 1. */
export interface SparseMatrix {
  starts: Int32Array;
  columns: Int32Array;
  weights: Float32Array;
}

/**
 * A loss scale that adapts itself: its state is [scale, steps, factor]. Where all gradients are finite the factor is 1/scale, `steps` counts them since
 * the scale changed, and after `every` of them the scale doubles, unless it is `most` or more; else the factor is 0, the scale is halved, to
 * 1 at least, and `steps` counts down, below 0, how many steps in a row were left out.
 */
export interface LossScaleAttrs {
  every: number;
  most: number;
}

/** PyTorch's SGD: g ← g + weightDecay·p; v ← momentum·v + g; p ← p − lr·(nesterov ? g + momentum·v : v). */
export interface SgdAttrs {
  learningRate: number;
  momentum: number;
  weightDecay: number;
  nesterov: boolean;
}
