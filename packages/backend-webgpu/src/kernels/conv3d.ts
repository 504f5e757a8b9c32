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
} from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { filterGrad, forward, inputGrad } from '../conv/convolution.js';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { deferring } from './deferring.js';
import { expectTypes } from './operandTypes.js';

/** Bytes of a filter's gradient in parts, which may be kept until the backward pass has ended. */
const MOST_KEPT = 4 << 20;

type Forward = { x: TensorInfo; filter: TensorInfo; bias?: TensorInfo };
type InputGrad = { dy: TensorInfo; filter: TensorInfo; bias?: TensorInfo };
type FilterGrad = { x: TensorInfo; dy: TensorInfo };

type Call<Inputs> = KernelCall<Inputs, unknown>;

function runForward(call: Call<Forward>, g: ConvGeometry): TensorInfo {
  const { x, filter, bias } = call.inputs;
  expectTypes(g.kernel, call.inputs, []);
  expectConvShape(g, 'filter', filter, [...g.size, g.inChannels, g.outChannels]);
  if (bias) expectConvShape(g, 'bias', bias, [g.outChannels]);
  const y = call.output(convOutputShape(g));
  forward(deferring(call, y), g, x, filter, bias, y);
  return y;
}

function runInputGrad(call: Call<InputGrad>, g: ConvGeometry): TensorInfo {
  const { dy, filter, bias } = call.inputs;
  expectTypes(g.kernel, call.inputs, []);
  expectConvShape(g, 'filter', filter, [...g.size, g.inChannels, g.outChannels]);
  expectConvShape(g, 'dy', dy, convOutputShape(g));
  if (bias) expectConvShape(g, 'bias', bias, [g.inChannels]);
  const dx = call.output(convInputShape(g));
  inputGrad(deferring(call, dx), g, dy, filter, bias, dx);
  return dx;
}

function runFilterGrad(call: Call<FilterGrad>, g: ConvGeometry): TensorInfo {
  const { x, dy } = call.inputs;
  expectTypes(g.kernel, call.inputs, []);
  expectConvShape(g, 'dy', dy, convOutputShape(g));
  const dw = call.output([...g.size, g.inChannels, g.outChannels]);
  filterGrad(deferring(call, dw, MOST_KEPT), g, x, dy, dw);
  return dw;
}

/** Convolution and its gradients: our own names (explicit pads, dilation, bias) and the stock ones, on the same code. */
export const conv3dKernels: readonly KernelConfig[] = [
  defineKernel<Forward, ConvAttrs>(
    KERNELS.Conv3d,
    (call) => {
      const { x, filter } = call.inputs;
      return runForward(call, convGeometry(KERNELS.Conv3d, x.shape, filter.shape, call.attrs));
    },
    'always',
  ),
  defineKernel<InputGrad, ConvInputGradAttrs>(
    KERNELS.Conv3dInputGrad,
    (call) => {
      const { inputs, attrs } = call;
      return runInputGrad(call, convGeometry(KERNELS.Conv3dInputGrad, attrs.inputShape, inputs.filter.shape, attrs));
    },
    'always',
  ),
  defineKernel<FilterGrad, ConvFilterGradAttrs>(
    KERNELS.Conv3dFilterGrad,
    (call) => {
      const { inputs, attrs } = call;
      return runFilterGrad(call, convGeometry(KERNELS.Conv3dFilterGrad, inputs.x.shape, attrs.filterShape, attrs));
    },
    'never',
  ),
  defineKernel<Forward, StockConvAttrs>(
    'Conv3D',
    (call) => {
      const { x, filter } = call.inputs;
      return runForward(call, stockConvGeometry('Conv3D', x.shape, filter.shape, call.attrs));
    },
    'always',
  ),
  defineKernel<InputGrad, StockConvAttrs & { inputShape: number[] }>(
    'Conv3DBackpropInputV2',
    (call) => {
      const { inputs, attrs } = call;
      return runInputGrad(
        call,
        stockConvGeometry('Conv3DBackpropInputV2', attrs.inputShape, inputs.filter.shape, attrs),
      );
    },
    'always',
  ),
  defineKernel<FilterGrad, StockConvAttrs & { filterShape: number[] }>(
    'Conv3DBackpropFilterV2',
    (call) => {
      const { inputs, attrs } = call;
      return runFilterGrad(call, stockConvGeometry('Conv3DBackpropFilterV2', inputs.x.shape, attrs.filterShape, attrs));
    },
    'never',
  ),
];
