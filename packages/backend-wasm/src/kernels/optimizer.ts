import { KERNELS, type SgdAttrs } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel, type KernelCall } from '../kernelConfig.js';

/** Elements of a unit, as in assembly/optimizer.ts. */
const UNIT = 1 << 16;
const STILL: SgdAttrs = { learningRate: 0, momentum: 0, weightDecay: 0, nesterov: false };

/** A parameter that moves (it has a gradient and a velocity), that something follows (an average), or both. */
interface Moving {
  parameter: TensorInfo;
  gradient?: TensorInfo | undefined;
  velocity?: TensorInfo | undefined;
  average?: TensorInfo | undefined;
}

/** Moves all parameters at once; returns the new values of each: parameter and velocity if it has a gradient, average if it has one. */
function move(
  call: Pick<KernelCall<unknown, unknown>, 'floats' | 'room' | 'output'>,
  all: Moving[],
  attrs: SgdAttrs & { decay: number },
) {
  const { floats, room, output } = call;
  const { learningRate, momentum, weightDecay, nesterov, decay } = attrs;
  const outputs: TensorInfo[] = [];
  const at = (tensor: TensorInfo | undefined) => (tensor ? floats(tensor).byteOffset : 0);
  const next = (tensor: TensorInfo | undefined) => {
    if (!tensor) return 0;
    const values = room(tensor.shape);
    outputs.push(output(tensor.shape, values));
    return values.byteOffset;
  };
  const words = all.flatMap(({ parameter, gradient, velocity, average }) => [
    ...[util.sizeFromShape(parameter.shape), at(parameter), at(gradient), at(velocity), at(average)],
    ...[next(gradient), next(velocity), next(average)],
  ]);
  const job = engine().heap.putInts(words, { kernel: KERNELS.OptimizerStep, shape: [words.length] });
  const elements = all.reduce((sum, { parameter }) => sum + util.sizeFromShape(parameter.shape), 0);
  // Both forms of momentum are lr·(c·g + d·v') with constants.
  const parts = [nesterov ? learningRate : 0, nesterov ? learningRate * momentum : learningRate] as const;
  engine().run(
    'optimizerStep',
    Math.ceil(elements / UNIT),
    ...([job, all.length, momentum, weightDecay, ...parts, decay] as const),
  );
  return outputs;
}

/** g ← g + weightDecay·p; v ← momentum·v + g; p ← p − lr·(nesterov ? g + momentum·v : v): PyTorch's SGD. */
const sgdStep = defineKernel<Record<'parameter' | 'gradient' | 'velocity', TensorInfo>, SgdAttrs>(
  KERNELS.SgdStep,
  (call) => move(call, [call.inputs], { ...call.attrs, decay: 0 }),
);

/** target·decay + source·(1 − decay). */
const emaStep = defineKernel<Record<'target' | 'source', TensorInfo>, { decay: number }>(KERNELS.EmaStep, (call) => {
  const { target, source } = call.inputs;
  return move(call, [{ parameter: source, average: target }], { ...STILL, ...call.attrs })[0]!;
});

/** Both, for all parameters: inputs parameter0, gradient0?, velocity0?, average0?, parameter1, … */
const optimizerStep = defineKernel<Record<string, TensorInfo>, SgdAttrs & { decay: number }>(
  KERNELS.OptimizerStep,
  (call) => {
    const { inputs, attrs } = call;
    const all: Moving[] = [];
    for (let i = 0, parameter = inputs.parameter0; parameter; parameter = inputs[`parameter${++i}`]) {
      const [gradient, velocity, average] = [inputs[`gradient${i}`], inputs[`velocity${i}`], inputs[`average${i}`]];
      all.push({ parameter, gradient, velocity, average });
    }
    return move(call, all, attrs);
  },
);

export const optimizerKernels: readonly KernelConfig[] = [sgdStep, emaStep, optimizerStep];
