import { type ConvAttrs, CrlnError, convOutputSize, type Triple } from '@crln/core';
import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';

/** A convolution's sizes, whatever kernel asked for it. */
export interface ConvGeometry {
  /** Name of the kernel, for error messages. */
  kernel: string;
  batch: number;
  /** [D, H, W] of the convolution's input and output. */
  input: Triple;
  output: Triple;
  size: Triple;
  strides: Triple;
  /** Voxels of zero before each axis; how many come after follows from `output`. */
  before: Triple;
  dilations: Triple;
  inChannels: number;
  outChannels: number;
}

const spatial = (shape: readonly number[]): Triple => [shape[1]!, shape[2]!, shape[3]!];

function rank5(kernel: string, name: string, shape: readonly number[]): void {
  if (shape.length !== 5) {
    throw new CrlnError('invalid-shape', `${kernel}: expected ${name} with 5 axes, got [${shape}]`, {
      kernel,
      name,
      shape,
    });
  }
}

/** From the attributes of the `Crln*` kernels. `filter` is [kd, kh, kw, Ci, Co]. */
export function crlnGeometry(
  kernel: string,
  input: readonly number[],
  filter: readonly number[],
  attrs: ConvAttrs,
): ConvGeometry {
  rank5(kernel, 'input [N, D, H, W, Ci]', input);
  rank5(kernel, 'filter [kd, kh, kw, Ci, Co]', filter);
  const size: Triple = [filter[0]!, filter[1]!, filter[2]!];
  const { strides, pads, dilations } = attrs;
  return {
    kernel,
    batch: input[0]!,
    input: spatial(input),
    output: convOutputSize(spatial(input), size, strides, pads, dilations, kernel),
    size,
    strides,
    before: [pads[0][0], pads[1][0], pads[2][0]],
    dilations,
    inChannels: input[4]!,
    outChannels: filter[4]!,
  };
}

/** Attributes of the stock kernels: `pad` as TensorFlow has it; the two gradients have no dilations. */
export interface StockAttrs {
  strides: Triple | number;
  pad: 'same' | 'valid' | number;
  dilations?: Triple | number;
}

/** From the attributes of stock `Conv3D` and its two gradients. */
export function stockGeometry(
  kernel: string,
  input: readonly number[],
  filter: readonly number[],
  attrs: StockAttrs,
): ConvGeometry {
  const info = backend_util.computeConv3DInfo(
    input as [number, number, number, number, number],
    filter as [number, number, number, number, number],
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad as 'same' | 'valid',
  );
  return {
    kernel,
    batch: info.batchSize,
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
    size: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    before: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
    dilations: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
    inChannels: info.inChannels,
    outChannels: info.outChannels,
  };
}

/** Throws unless `tensor` has exactly the shape that the geometry asks for. */
export function expectShape({ kernel }: ConvGeometry, name: string, tensor: TensorInfo, expected: number[]): void {
  if (tensor.shape.length === expected.length && expected.every((n, i) => n === tensor.shape[i])) return;
  throw new CrlnError('invalid-shape', `${kernel}: expected ${name} [${expected}], got [${tensor.shape}]`, {
    kernel,
    name,
    expected,
    shape: tensor.shape,
  });
}

export const inputShape = (g: ConvGeometry): number[] => [g.batch, ...g.input, g.inChannels];
export const outputShape = (g: ConvGeometry): number[] => [g.batch, ...g.output, g.outChannels];
