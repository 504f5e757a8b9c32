import {
  type ConvAttrs,
  type ConvFilterGradAttrs,
  type ConvInputGradAttrs,
  convInputShape,
  convOutputShape,
  depthwiseGeometry,
  expectConvShape,
  KERNELS,
} from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { depthwise, depthwiseFilterGrad, depthwiseInputGrad } from '../conv/depthwise.js';
import { defineKernel } from '../kernelConfig.js';
import { expectTypes } from './operandTypes.js';

export const depthwiseConv3dKernels: readonly KernelConfig[] = [
  defineKernel<{ x: TensorInfo; filter: TensorInfo; bias?: TensorInfo }, ConvAttrs>(KERNELS.DepthwiseConv3d, (call) => {
    const { x, filter, bias } = call.inputs;
    expectTypes(KERNELS.DepthwiseConv3d, call.inputs, []);
    const g = depthwiseGeometry(KERNELS.DepthwiseConv3d, x.shape, filter.shape, call.attrs);
    if (bias) expectConvShape(g, 'bias', bias, [g.inChannels]);
    const y = call.output(convOutputShape(g));
    depthwise(call, { g, bias }, x, filter, y);
    return y;
  }),
  defineKernel<{ dy: TensorInfo; filter: TensorInfo }, ConvInputGradAttrs>(KERNELS.DepthwiseConv3dInputGrad, (call) => {
    const { dy, filter } = call.inputs;
    expectTypes(KERNELS.DepthwiseConv3dInputGrad, call.inputs, []);
    const g = depthwiseGeometry(KERNELS.DepthwiseConv3dInputGrad, call.attrs.inputShape, filter.shape, call.attrs);
    expectConvShape(g, 'dy', dy, convOutputShape(g));
    const dx = call.output(convInputShape(g));
    depthwiseInputGrad(call, { g }, dy, filter, dx);
    return dx;
  }),
  defineKernel<{ x: TensorInfo; dy: TensorInfo }, ConvFilterGradAttrs>(KERNELS.DepthwiseConv3dFilterGrad, (call) => {
    const { x, dy } = call.inputs;
    expectTypes(KERNELS.DepthwiseConv3dFilterGrad, call.inputs, []);
    const g = depthwiseGeometry(KERNELS.DepthwiseConv3dFilterGrad, x.shape, call.attrs.filterShape, call.attrs);
    expectConvShape(g, 'dy', dy, convOutputShape(g));
    const dw = call.output([...g.size, g.inChannels]);
    depthwiseFilterGrad(call, { g }, x, dy, dw);
    return dw;
  }),
];
