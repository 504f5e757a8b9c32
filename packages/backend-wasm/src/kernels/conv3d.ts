import {
  type ConvAttrs,
  type ConvFilterGradAttrs,
  type ConvGeometry,
  type ConvInputGradAttrs,
  convGeometry,
  convInputShape,
  convOutputShape,
  expectConvShape,
  KERNELS,
  type StockConvAttrs,
  stockConvGeometry,
  type Triple,
} from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { gather } from '../conv/gather.js';
import { forwardPlan, inputGradPlan } from '../conv/plan.js';
import { filterSums } from '../conv/sums.js';
import { suitsWinograd, winograd, winogradGrad } from '../conv/winograd.js';
import { engine } from '../engine.js';
import { defineKernel, type KernelCall } from '../kernelConfig.js';

type Call = Pick<KernelCall<unknown, unknown>, 'floats' | 'room' | 'output'>;

function forward(g: ConvGeometry, x: TensorInfo, filter: TensorInfo, bias: TensorInfo | undefined, call: Call) {
  expectConvShape(g, 'filter', filter, [...g.size, g.inChannels, g.outChannels]);
  if (bias) expectConvShape(g, 'bias', bias, [g.outChannels]);
  const y = call.room(convOutputShape(g));
  const job = {
    kernel: g.kernel,
    batch: g.batch,
    source: { at: call.floats(x).byteOffset, size: g.input, channels: g.inChannels },
    result: { at: y.byteOffset, size: g.output, channels: g.outChannels },
    bias: bias && call.floats(bias).byteOffset,
    filter: call.floats(filter).byteOffset,
    version: filter.dataId,
    filterStrides: { tap: g.inChannels * g.outChannels, source: g.outChannels, result: 1 },
  };
  if (suitsWinograd(g, g.inChannels, g.output)) winograd({ ...job, before: g.before, mirrored: false });
  else gather({ ...job, plan: forwardPlan(g) });
  return call.output(convOutputShape(g), y);
}

function inputGrad(g: ConvGeometry, dy: TensorInfo, filter: TensorInfo, bias: TensorInfo | undefined, call: Call) {
  expectConvShape(g, 'filter', filter, [...g.size, g.inChannels, g.outChannels]);
  expectConvShape(g, 'dy', dy, convOutputShape(g));
  if (bias) expectConvShape(g, 'bias', bias, [g.inChannels]);
  const dx = call.room(convInputShape(g));
  const job = {
    kernel: g.kernel,
    batch: g.batch,
    source: { at: call.floats(dy).byteOffset, size: g.output, channels: g.outChannels },
    result: { at: dx.byteOffset, size: g.input, channels: g.inChannels },
    bias: bias && call.floats(bias).byteOffset,
    filter: call.floats(filter).byteOffset,
    version: filter.dataId,
    filterStrides: { tap: g.inChannels * g.outChannels, source: 1, result: g.outChannels },
  };
  if (suitsWinograd(g, g.outChannels, g.input)) winograd({ ...job, before: mirrorPads(g), mirrored: true });
  else gather({ ...job, plan: inputGradPlan(g) });
  return call.output(convInputShape(g), dx);
}

function filterGrad(g: ConvGeometry, x: TensorInfo, dy: TensorInfo, call: Call) {
  expectConvShape(g, 'dy', dy, convOutputShape(g));
  const shape = [...g.size, g.inChannels, g.outChannels];
  const dw = call.room(shape);
  const job = {
    kernel: g.kernel,
    batch: g.batch,
    source: { at: call.floats(x).byteOffset, size: g.input, channels: g.inChannels },
    gradient: { at: call.floats(dy).byteOffset, size: g.output, channels: g.outChannels },
    result: dw.byteOffset,
  };
  // Training: the filter is about to change.
  engine().filters.yielding = true;
  if (suitsWinograd(g, g.inChannels, g.output)) winogradGrad({ ...job, before: g.before });
  else filterSums({ ...job, plan: forwardPlan(g), depthwise: false });
  return call.output(shape, dw);
}

/** Voxels of zero before dy where dx is its convolution with the mirrored filter. */
const mirrorPads = ({ size, before }: ConvGeometry): Triple => [
  size[0] - 1 - before[0],
  size[1] - 1 - before[1],
  size[2] - 1 - before[2],
];

type Forward = { x: TensorInfo; filter: TensorInfo; bias?: TensorInfo };
type InputGrad = { dy: TensorInfo; filter: TensorInfo; bias?: TensorInfo };
type FilterGrad = { x: TensorInfo; dy: TensorInfo };

/** Convolution and its gradients: our own names (explicit pads, dilation, bias) and the stock ones, on the same code. */
export const conv3dKernels: readonly KernelConfig[] = [
  defineKernel<Forward, ConvAttrs>(KERNELS.Conv3d, (call) => {
    const { x, filter, bias } = call.inputs;
    return forward(convGeometry(KERNELS.Conv3d, x.shape, filter.shape, call.attrs), x, filter, bias, call);
  }),
  defineKernel<InputGrad, ConvInputGradAttrs>(KERNELS.Conv3dInputGrad, (call) => {
    const { dy, filter, bias } = call.inputs;
    const g = convGeometry(KERNELS.Conv3dInputGrad, call.attrs.inputShape, filter.shape, call.attrs);
    return inputGrad(g, dy, filter, bias, call);
  }),
  defineKernel<FilterGrad, ConvFilterGradAttrs>(KERNELS.Conv3dFilterGrad, (call) => {
    const { x, dy } = call.inputs;
    const g = convGeometry(KERNELS.Conv3dFilterGrad, x.shape, call.attrs.filterShape, call.attrs);
    return filterGrad(g, x, dy, call);
  }),
  defineKernel<Forward, StockConvAttrs>('Conv3D', (call) => {
    const { x, filter } = call.inputs;
    if (x.dtype !== 'float32') return call.stock();
    return forward(stockConvGeometry('Conv3D', x.shape, filter.shape, call.attrs), x, filter, undefined, call);
  }),
  defineKernel<InputGrad, StockConvAttrs & { inputShape: number[] }>('Conv3DBackpropInputV2', (call) => {
    const { dy, filter } = call.inputs;
    const g = stockConvGeometry('Conv3DBackpropInputV2', call.attrs.inputShape, filter.shape, call.attrs);
    return inputGrad(g, dy, filter, undefined, call);
  }),
  defineKernel<FilterGrad, StockConvAttrs & { filterShape: number[] }>('Conv3DBackpropFilterV2', (call) => {
    const { x, dy } = call.inputs;
    return filterGrad(
      stockConvGeometry('Conv3DBackpropFilterV2', x.shape, call.attrs.filterShape, call.attrs),
      x,
      dy,
      call,
    );
  }),
];
