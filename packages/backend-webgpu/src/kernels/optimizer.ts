import { KERNELS, type SgdAttrs } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type Block, joined, splitBytes } from '../gpu/pool.js';
import { flatGroups, type Shader, shader } from '../gpu/shader.js';
import { defineKernel, type KernelCall, type Operand } from '../kernelConfig.js';
import { expectTypes } from './operandTypes.js';

const WORKGROUP = 256;

/** A parameter that moves (it has a gradient and a velocity), that something follows (an average), or both. */
interface State {
  parameter: TensorInfo;
  gradient?: TensorInfo | undefined;
  velocity?: TensorInfo | undefined;
  average?: TensorInfo | undefined;
}

type Attrs = SgdAttrs & { decay: number };
type Role = 'parameter' | 'velocity' | 'average';

/** What all states are updated by. */
interface Update {
  kernel: string;
  attrs: Attrs;
  /** Of the loss: its third number is the gradients' factor. */
  scaling?: TensorInfo | undefined;
}

/** What a dispatch takes and makes: one for all states of a kind, and a network has one kind, or two. */
interface Kind {
  inputs: readonly (keyof State)[];
  outputs: readonly Role[];
}

/** What a state has that is updated, in the order of the kernel's outputs. */
const kindOf = ({ gradient, average }: State): Kind => ({
  inputs: [
    'parameter',
    ...(gradient ? (['gradient', 'velocity'] as const) : []),
    ...(average ? ['average' as const] : []),
  ],
  outputs: [...(gradient ? (['parameter', 'velocity'] as const) : []), ...(average ? ['average' as const] : [])],
});

const PARAMS = {
  elements: 'u32',
  momentum: 'f32',
  weightDecay: 'f32',
  ownRate: 'f32',
  velocityRate: 'f32',
  decay: 'f32',
  share: 'f32',
} as const;

/**
 * g ← g·factor + weightDecay·p; v ← momentum·v + g; p ← p − (ownRate·g + velocityRate·v); average ← decay·average + share·p, of four numbers a
 * thread: what lies between a tensor's end and the next one's beginning is updated too, and never looked at. The factor is that of a
 * scaled loss, else 1; where it is 0, p and v stay.
 */
const update = ({ inputs, outputs }: Kind, scaled: boolean): Shader =>
  shader(`optimizer ${inputs} ${scaled}`, () => ({
    inputs: {
      ...Object.fromEntries(inputs.map((name) => [name, 'vec4<f32>' as const])),
      ...(scaled && { scaling: 'f32' }),
    },
    outputs: Object.fromEntries(outputs.map((name) => [next(name), 'vec4<f32>'])),
    params: PARAMS,
    workgroup: [WORKGROUP],
    body: `
  if (index >= p.elements) { return; }
  var x = parameter[index];
  ${
    outputs.includes('velocity')
      ? `
  let old = velocity[index];
  let g = gradient[index]${scaled ? ' * scaling[2]' : ''} + p.weightDecay * x;
  var v = p.momentum * old + g;
  let moved = x - (p.ownRate * g + p.velocityRate * v);
  ${scaled ? 'if (scaling[2] == 0.0) { v = old; } else { x = moved; }' : 'x = moved;'}
  nextParameter[index] = x;
  nextVelocity[index] = v;`
      : ''
  }
  ${outputs.includes('average') ? 'nextAverage[index] = p.decay * average[index] + p.share * x;' : ''}`,
  }));

const next = (name: string): string => `next${name[0]!.toUpperCase()}${name.slice(1)}`;

type Call = Pick<KernelCall<unknown, unknown>, 'backend' | 'scratch' | 'exact' | 'run'>;

/** Where tensors lie one after the other, as parts of one buffer: where they are if they do, else copied together for this call. */
function together({ backend, scratch, exact }: Call, kernel: string, tensors: readonly TensorInfo[]): Block {
  const blocks = tensors.map((tensor) => {
    const operand = exact(tensor);
    return 'dataId' in operand ? backend.block(operand, kernel) : operand;
  });
  const range = joined(blocks);
  if (range) return range;
  const sizes = tensors.map(bytesOf);
  const target = scratch(splitBytes(sizes) / 4);
  let at = 0;
  blocks.forEach((block, i) => {
    backend.recorder.copy(block, 0, target, at, sizes[i]!);
    at += splitBytes([sizes[i]!]);
  });
  return target;
}

const bytesOf = ({ shape }: TensorInfo): number => 4 * util.sizeFromShape(shape);

/** Updates states of one kind in one dispatch. The new tensors of a role lie in one buffer, where the next step finds them together. */
function updateTogether(call: Call, { kernel, attrs, scaling }: Update, states: readonly State[]): TensorInfo[][] {
  const { learningRate, momentum, weightDecay, nesterov, decay } = attrs;
  const { backend, run } = call;
  const kind = kindOf(states[0]!);
  if (kind.outputs.length === 0) return states.map(() => []);
  const sizes = states.map(({ parameter }) => bytesOf(parameter));
  const purpose = { kernel, shape: [splitBytes(sizes) / 4] };
  const wholes = kind.outputs.map((role) => [next(role), backend.take(splitBytes(sizes), purpose)] as const);
  const given = kind.inputs.map((name) => {
    const tensors = states.map((state) => state[name]!);
    return [name, together(call, kernel, tensors)] as const;
  });
  // Up to the last tensor's end: nothing follows it in a buffer of its own.
  const elements = Math.ceil((splitBytes(sizes.slice(0, -1)) + sizes.at(-1)!) / 16);
  // Both forms of momentum are g and the new v times constants.
  const [ownRate, velocityRate] = nesterov ? [learningRate, learningRate * momentum] : [0, learningRate];
  const params = { elements, momentum, weightDecay, ownRate, velocityRate, decay, share: 1 - decay };
  const scaled = scaling && kind.inputs.includes('gradient') ? { scaling } : undefined;
  const operands = { ...Object.fromEntries<Operand>([...given, ...wholes]), ...scaled };
  run(update(kind, scaled !== undefined), operands, params, flatGroups(elements, WORKGROUP));
  const parts = wholes.map(([, whole]) => backend.pool.split(whole, sizes));
  return states.map(({ parameter }, i) =>
    parts.map((role) => backend.adopt(role[i]!, [...parameter.shape], 'float32')),
  );
}

/** Updates all states; the outputs are of each the new parameter and velocity if it has a gradient, and average if it has one. */
function updateAll(call: Call, update: Update, states: readonly State[]): TensorInfo[] {
  for (const state of states) expectTypes(update.kernel, { ...state }, []);
  const kinds = new Map<string, State[]>();
  for (const state of states) {
    const key = kindOf(state).inputs.join();
    kinds.set(key, [...(kinds.get(key) ?? []), state]);
  }
  const updated = new Map<State, TensorInfo[]>();
  for (const alike of kinds.values()) {
    updateTogether(call, update, alike).forEach((tensors, i) => {
      updated.set(alike[i]!, tensors);
    });
  }
  return states.flatMap((state) => updated.get(state)!);
}

/** g ← g + weightDecay·p; v ← momentum·v + g; p ← p − lr·(nesterov ? g + momentum·v : v): PyTorch's SGD. */
const sgdStep = defineKernel<Record<'parameter' | 'gradient' | 'velocity', TensorInfo>, SgdAttrs>(
  KERNELS.SgdStep,
  (call) => updateAll(call, { kernel: KERNELS.SgdStep, attrs: { ...call.attrs, decay: 0 } }, [call.inputs]),
);

const STILL: SgdAttrs = { learningRate: 0, momentum: 0, weightDecay: 0, nesterov: false };

/** target·decay + source·(1 − decay). */
const emaStep = defineKernel<Record<'target' | 'source', TensorInfo>, { decay: number }>(KERNELS.EmaStep, (call) => {
  const { target, source } = call.inputs;
  const state = { parameter: source, average: target };
  return updateAll(call, { kernel: KERNELS.EmaStep, attrs: { ...STILL, ...call.attrs } }, [state])[0]!;
});

/** Both, for all parameters: inputs parameter0, gradient0?, velocity0?, average0?, parameter1, …, scaling? */
const optimizerStep = defineKernel<Record<string, TensorInfo>, Attrs>(KERNELS.OptimizerStep, (call) => {
  const { inputs, attrs } = call;
  const states: State[] = [];
  for (let i = 0, parameter = inputs.parameter0; parameter; parameter = inputs[`parameter${++i}`]) {
    const [gradient, velocity, average] = [inputs[`gradient${i}`], inputs[`velocity${i}`], inputs[`average${i}`]];
    states.push({ parameter, gradient, velocity, average });
  }
  return updateAll(call, { kernel: KERNELS.OptimizerStep, attrs, scaling: inputs.scaling }, states);
});

export const optimizerKernels: readonly KernelConfig[] = [sgdStep, emaStep, optimizerStep];
