import { KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { DEFERRED, deferredSum } from './deferring.js';
import { channelSums, type SumSource } from './laneSums.js';
import { Lanes, laneMap } from './lanes.js';
import { expectTypes } from './operandTypes.js';

const MOST_WORKGROUPS = 32_768;

interface AffineAttrs {
  relu: boolean;
}

/** y = x·scale + shift per channel, then ReLU where asked. */
const channelAffine = defineKernel<Record<'x' | 'scale' | 'shift', TensorInfo>, AffineAttrs>(
  KERNELS.ChannelAffine,
  ({ inputs, attrs: { relu }, output, run }) => {
    expectTypes(KERNELS.ChannelAffine, inputs, []);
    const lanes = new Lanes(inputs.x.shape);
    const y = output(inputs.x.shape);
    const mapped = 'fma(x[at], factor, term)';
    const program = laneMap(`channel affine ${relu}`, lanes, {
      inputs: ['x', 'scale', 'shift'],
      setup: 'let factor = scale[channel]; let term = shift[channel];',
      value: relu ? `relu(${mapped})` : mapped,
    });
    const { params, groups } = lanes.mapping();
    run(program, { ...inputs, y }, params, groups);
    return y;
  },
);

interface InferenceAttrs extends AffineAttrs {
  epsilon: number;
}
type InferenceInputs = Record<'x' | 'mean' | 'variance', TensorInfo> & Partial<Record<'gamma' | 'beta', TensorInfo>>;

/** y = (x − mean)/√(variance + ε)·γ + β of given statistics, then ReLU where asked. */
const batchNormInference = defineKernel<InferenceInputs, InferenceAttrs>(
  KERNELS.BatchNormInference,
  ({ inputs, attrs: { relu, epsilon }, output, run, backend }) => {
    expectTypes(KERNELS.BatchNormInference, inputs, []);
    const { x, ...statistics } = inputs;
    const sum = backend.deferred(x);
    const lanes = new Lanes(x.shape);
    const y = output(x.shape);
    const bias = sum?.bias !== undefined;
    const [gamma, beta] = [inputs.gamma !== undefined, inputs.beta !== undefined];
    const mapped = `fma(${sum ? 'whole' : 'x[at]'}, factor, term)`;
    const program = laneMap(`batch norm inference ${relu} ${gamma} ${beta} ${sum !== undefined} ${bias}`, lanes, {
      inputs: [sum ? 'partials' : 'x', ...(bias ? ['bias'] : []), ...Object.keys(statistics)],
      params: { epsilon: 'f32', ...(sum && DEFERRED) },
      setup: `
    let factor = ${gamma ? 'gamma[channel]' : 'T(1)'} * inverseSqrt(variance[channel] + p.epsilon);
    let term = ${beta ? 'beta[channel]' : 'T(0)'} - mean[channel] * factor;`,
      ...(sum && { each: deferredSum(bias) }),
      value: relu ? `relu(${mapped})` : mapped,
    });
    // Where sums are in parts, a voxel is work enough for a thread.
    const { params, groups } = sum ? lanes.walk(1, MOST_WORKGROUPS) : lanes.mapping();
    const operands = sum ? { ...statistics, partials: sum.parts, ...(sum.bias && { bias: sum.bias }) } : inputs;
    const parts = { partCount: sum?.count ?? 0, partSize: lanes.count(sum?.size ?? 0) };
    run(program, { ...operands, y }, { ...params, ...parts, epsilon }, groups);
    return y;
  },
);

/** With g = dy masked by the ReLU: dx = g·scale, dscale = Σ g·x, dshift = Σ g. A NaN in dy shows wherever it is. */
const channelAffineGrad = defineKernel<Record<'dy' | 'x' | 'y' | 'scale', TensorInfo>, AffineAttrs>(
  KERNELS.ChannelAffineGrad,
  (call) => {
    const { x, dy, y, scale } = call.inputs;
    const { relu } = call.attrs;
    expectTypes(KERNELS.ChannelAffineGrad, call.inputs, []);
    const dx = call.output(x.shape);
    const source: SumSource = {
      inputs: { dy: 'T', x: 'T', scale: 'T', ...(relu && { y: 'T' as const }) },
      outputs: { dx: 'T' },
      setup: 'let factor = scale[channel];',
      each: `
      ${relu ? 'let g = select(T(0), dy[at], (y[at] != T(0)) | anyNan(y[at]) | anyNan(dy[at]));' : 'let g = dy[at];'}
      dx[at] = g * factor;`,
      terms: ['g * x[at]', 'g'],
    };
    const operands = { dy, x, scale, dx, ...(relu && { y }) };
    const sums = channelSums(call, x.shape, `channel affine grad ${relu}`, source, { operands });
    return [dx, ...sums];
  },
);

/** Σ x over all axes but the last. */
const channelSum = defineKernel<{ x: TensorInfo }>(KERNELS.ChannelSum, (call) => {
  const { inputs, backend } = call;
  expectTypes(KERNELS.ChannelSum, inputs, []);
  const width = inputs.x.shape.at(-1)!;
  const known = backend.takeChannelSums(inputs.x, width);
  if (known) return backend.adopt(known, [width], 'float32');
  const source: SumSource = { inputs: { x: 'T' }, terms: ['x[at]'] };
  return channelSums(call, inputs.x.shape, 'channel sum', source, { operands: inputs })[0]!;
});

/** y = x·mask, one factor for each sample and channel. */
const scaleChannels = defineKernel<Record<'x' | 'mask', TensorInfo>>(
  KERNELS.ScaleChannels,
  ({ inputs, output, run }) => {
    expectTypes(KERNELS.ScaleChannels, inputs, []);
    const lanes = new Lanes(inputs.x.shape, inputs.x.shape[0]);
    const y = output(inputs.x.shape);
    const program = laneMap('scale channels', lanes, {
      inputs: ['x', 'mask'],
      setup: 'let factor = mask[place];',
      value: 'x[at] * factor',
    });
    const { params, groups } = lanes.mapping();
    run(program, { ...inputs, y }, params, groups);
    return y;
  },
);

export const channelKernels: readonly KernelConfig[] = [
  channelAffine,
  channelAffineGrad,
  batchNormInference,
  channelSum,
  scaleChannels,
];
