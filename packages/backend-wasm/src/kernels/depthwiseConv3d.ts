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
import { gather } from '../conv/gather.js';
import { forwardPlan, inputGradPlan } from '../conv/plan.js';
import { filterSums } from '../conv/sums.js';
import { defineKernel } from '../kernelConfig.js';

export const depthwiseConv3dKernels: readonly KernelConfig[] = [
  defineKernel<{ x: TensorInfo; filter: TensorInfo; bias?: TensorInfo }, ConvAttrs>(
    KERNELS.DepthwiseConv3d,
    ({ inputs: { x, filter, bias }, attrs, floats, room, output }) => {
      const g = depthwiseGeometry(KERNELS.DepthwiseConv3d, x.shape, filter.shape, attrs);
      if (bias) expectConvShape(g, 'bias', bias, [g.inChannels]);
      const y = room(convOutputShape(g));
      gather({
        kernel: g.kernel,
        plan: forwardPlan(g),
        batch: g.batch,
        source: { at: floats(x).byteOffset, size: g.input, channels: g.inChannels },
        result: { at: y.byteOffset, size: g.output, channels: g.inChannels },
        bias: bias && floats(bias).byteOffset,
        filter: floats(filter).byteOffset,
      });
      return output(convOutputShape(g), y);
    },
  ),
  defineKernel<{ dy: TensorInfo; filter: TensorInfo }, ConvInputGradAttrs>(
    KERNELS.DepthwiseConv3dInputGrad,
    ({ inputs: { dy, filter }, attrs, floats, room, output }) => {
      const g = depthwiseGeometry(KERNELS.DepthwiseConv3dInputGrad, attrs.inputShape, filter.shape, attrs);
      expectConvShape(g, 'dy', dy, convOutputShape(g));
      const dx = room(convInputShape(g));
      gather({
        kernel: g.kernel,
        plan: inputGradPlan(g),
        batch: g.batch,
        source: { at: floats(dy).byteOffset, size: g.output, channels: g.inChannels },
        result: { at: dx.byteOffset, size: g.input, channels: g.inChannels },
        bias: undefined,
        filter: floats(filter).byteOffset,
      });
      return output(convInputShape(g), dx);
    },
  ),
  defineKernel<{ x: TensorInfo; dy: TensorInfo }, ConvFilterGradAttrs>(
    KERNELS.DepthwiseConv3dFilterGrad,
    ({ inputs: { x, dy }, attrs, floats, room, output }) => {
      const g = depthwiseGeometry(KERNELS.DepthwiseConv3dFilterGrad, x.shape, attrs.filterShape, attrs);
      expectConvShape(g, 'dy', dy, convOutputShape(g));
      const shape = [...g.size, g.inChannels];
      const dw = room(shape);
      filterSums({
        kernel: g.kernel,
        plan: forwardPlan(g),
        batch: g.batch,
        source: { at: floats(x).byteOffset, size: g.input, channels: g.inChannels },
        gradient: { at: floats(dy).byteOffset, channels: g.inChannels },
        depthwise: true,
        result: dw.byteOffset,
      });
      return output(shape, dw);
    },
  ),
];
