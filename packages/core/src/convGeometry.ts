import { CrlnError } from './errors.js';
import type { ConvAttrs } from './kernels.js';
import { convOutputSize, dilatedSize, type Pads3d, resolvePads, type Triple, triple } from './shapes.js';

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
export function convGeometry(
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

/** Attributes of TensorFlow.js' own kernels: `pad` as TensorFlow has it; the two gradients have no dilations. */
export interface StockConvAttrs {
  strides: Triple | number;
  pad: 'same' | 'valid' | number;
  dilations?: Triple | number;
}

/** From the attributes of TensorFlow.js' `Conv3D` and its two gradients. */
export function stockConvGeometry(
  kernel: string,
  input: readonly number[],
  filter: readonly number[],
  attrs: StockConvAttrs,
): ConvGeometry {
  rank5(kernel, 'input [N, D, H, W, Ci]', input);
  rank5(kernel, 'filter [kd, kh, kw, Ci, Co]', filter);
  const [strides, dilations] = [triple(attrs.strides, 'strides'), triple(attrs.dilations ?? 1, 'dilations')];
  const [volume, size] = [spatial(input), filter.slice(0, 3) as Triple];
  const pads =
    attrs.pad === 'same'
      ? stockSame(volume, size, strides, dilations)
      : resolvePads(attrs.pad, volume, size, strides, dilations);
  return convGeometry(kernel, input, filter, { strides, pads, dilations });
}

/** {@link convGeometry} of a filter [kd, kh, kw, C]: as many channels out as in. @throws CrlnError `invalid-shape` */
export function depthwiseGeometry(
  kernel: string,
  input: readonly number[],
  filter: readonly number[],
  attrs: ConvAttrs,
): ConvGeometry {
  const channels = input.at(-1)!;
  if (filter.length !== 4 || filter[3] !== channels) {
    throw new CrlnError('invalid-shape', `${kernel}: expected filter [kd, kh, kw, ${channels}], got [${filter}]`, {
      kernel,
      input,
      filter,
    });
  }
  return convGeometry(kernel, input, [...filter, channels], attrs);
}

/** `'same'` of TensorFlow.js in 3-D: where the stride outruns the filter it skips voxels in front, TensorFlow the ones at the end. */
const stockSame = (input: Triple, size: Triple, strides: Triple, dilations: Triple): Pads3d =>
  input.map((n, a) => {
    const total = (Math.ceil(n / strides[a]!) - 1) * strides[a]! + dilatedSize(size[a]!, dilations[a]!) - n;
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  }) as Pads3d;

/** Throws unless `tensor` has exactly the shape that the geometry asks for. */
export function expectConvShape(
  { kernel }: ConvGeometry,
  name: string,
  tensor: { readonly shape: readonly number[] },
  expected: readonly number[],
): void {
  if (tensor.shape.length === expected.length && expected.every((n, i) => n === tensor.shape[i])) return;
  throw new CrlnError('invalid-shape', `${kernel}: expected ${name} [${expected}], got [${tensor.shape}]`, {
    kernel,
    name,
    expected,
    shape: tensor.shape,
  });
}

/** [N, D, H, W, Ci] */
export const convInputShape = (g: ConvGeometry): number[] => [g.batch, ...g.input, g.inChannels];
/** [N, D', H', W', Co] */
export const convOutputShape = (g: ConvGeometry): number[] => [g.batch, ...g.output, g.outChannels];
