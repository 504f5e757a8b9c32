import {
  type ConvAttrs,
  type ConvFilterGradAttrs,
  type ConvGeometry,
  type ConvInputGradAttrs,
  CrlnError,
  convGeometry,
  convInputShape,
  convOutputShape,
  expectConvShape,
  KERNELS,
} from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { depthwise, depthwiseFilterGrad, depthwiseInputGrad } from '../conv/depthwise.js';
import { defineKernel } from '../kernelConfig.js';
import { expectTypes } from './operandTypes.js';

/** The filter is [kd, kh, kw, C]: as many channels out as in. */
function geometry(kernel: string, input: readonly number[], filter: readonly number[], attrs: ConvAttrs): ConvGeometry {
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

export const depthwiseConv3dKernels: readonly KernelConfig[] = [
  defineKernel<{ x: TensorInfo; filter: TensorInfo; bias?: TensorInfo }, ConvAttrs>(KERNELS.DepthwiseConv3d, (call) => {
    const { x, filter, bias } = call.inputs;
    expectTypes(KERNELS.DepthwiseConv3d, call.inputs, []);
    const g = geometry(KERNELS.DepthwiseConv3d, x.shape, filter.shape, call.attrs);
    if (bias) expectConvShape(g, 'bias', bias, [g.inChannels]);
    const y = call.output(convOutputShape(g));
    depthwise(call, { g, bias }, x, filter, y);
    return y;
  }),
  defineKernel<{ dy: TensorInfo; filter: TensorInfo }, ConvInputGradAttrs>(KERNELS.DepthwiseConv3dInputGrad, (call) => {
    const { dy, filter } = call.inputs;
    expectTypes(KERNELS.DepthwiseConv3dInputGrad, call.inputs, []);
    const g = geometry(KERNELS.DepthwiseConv3dInputGrad, call.attrs.inputShape, filter.shape, call.attrs);
    expectConvShape(g, 'dy', dy, convOutputShape(g));
    const dx = call.output(convInputShape(g));
    depthwiseInputGrad(call, { g }, dy, filter, dx);
    return dx;
  }),
  defineKernel<{ x: TensorInfo; dy: TensorInfo }, ConvFilterGradAttrs>(KERNELS.DepthwiseConv3dFilterGrad, (call) => {
    const { x, dy } = call.inputs;
    expectTypes(KERNELS.DepthwiseConv3dFilterGrad, call.inputs, []);
    const g = geometry(KERNELS.DepthwiseConv3dFilterGrad, x.shape, call.attrs.filterShape, call.attrs);
    expectConvShape(g, 'dy', dy, convOutputShape(g));
    const dw = call.output([...g.size, g.inChannels]);
    depthwiseFilterGrad(call, { g }, x, dy, dw);
    return dw;
  }),
];
