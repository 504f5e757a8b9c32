import { KERNELS, type LossScaleAttrs } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';
import { expectTypes } from './operandTypes.js';
import { each } from './parameters.js';
import { halfOf, WORKGROUP, workgroupTree } from './workgroupSums.js';

/** Gradients that one dispatch looks at, which binds two buffers more. */
const MOST = 6;
/** Workgroups for a gradient. */
const GROUPS = 64;

const FINITE = `
fn isFinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }`;

/** Whether each workgroup's share of some gradients is finite: 1 where it is not. */
const searchShader = (count: number) =>
  shader(`loss scale search ${count}`, () => {
    const names = Array.from({ length: count }, (_, i) => `x${i}`);
    return {
      inputs: each(names, 'f32'),
      outputs: { flags: 'u32' },
      params: {
        ...each(
          names.map((name) => `${name}Size`),
          'u32',
        ),
        first: 'u32',
        half: 'u32',
      },
      workgroup: [WORKGROUP],
      declarations: `${FINITE}
${workgroupTree('join', 'u32', { join: (a, b) => `(${a} | ${b})` })}`,
      body: `
  var bad = false;
  ${names
    .map(
      (name) => `for (var i = index; i < p.${name}Size; i += ${GROUPS * WORKGROUP}u) { bad |= !isFinite(${name}[i]); }`,
    )
    .join('\n  ')}
  let any = join(thread, u32(bad));
  if (thread == 0u) { flags[p.first + group.x] = any; }`,
    };
  });

/** The next state, from all flags. */
const MOVE = () =>
  shader('loss scale', () => ({
    inputs: { state: 'f32', flags: 'u32' },
    outputs: { next: 'f32' },
    params: { count: 'u32', every: 'f32', most: 'f32', half: 'u32' },
    workgroup: [WORKGROUP],
    declarations: workgroupTree('join', 'u32', { join: (a, b) => `(${a} | ${b})` }),
    body: `
  var found = 0u;
  for (var i = thread; i < p.count; i += ${WORKGROUP}u) { found |= flags[i]; }
  let finite = join(thread, found) == 0u;
  if (thread > 0u) { return; }
  let scale = state[0];
  let steps = max(state[1], 0.0) + 1.0;
  let long = steps >= p.every;
  next[0] = select(max(scale / 2.0, 1.0), select(scale, scale * 2.0, long && scale < p.most), finite);
  next[1] = select(min(state[1], 0.0) - 1.0, select(steps, 0.0, long), finite);
  next[2] = select(0.0, 1.0 / scale, finite);`,
  }));

/** See LossScaleAttrs. */
const lossScale = defineKernel<{ state: TensorInfo } & Record<string, TensorInfo>, LossScaleAttrs>(
  KERNELS.LossScale,
  ({ inputs, attrs: { every, most }, output, scratch, run }) => {
    expectTypes(KERNELS.LossScale, inputs, []);
    const { state, ...gradients } = inputs;
    const all = Object.values(gradients);
    const parts = Math.ceil(all.length / MOST);
    const flags = scratch(parts * GROUPS);
    for (let part = 0; part < parts; part++) {
      const some = all.slice(part * MOST, (part + 1) * MOST);
      const named = <T>(suffix: string, value: (x: TensorInfo) => T) =>
        Object.fromEntries(some.map((x, i) => [`x${i}${suffix}`, value(x)]));
      const sizes = named('Size', ({ shape }) => util.sizeFromShape(shape));
      const params = { ...sizes, first: part * GROUPS, half: halfOf(WORKGROUP) };
      run(searchShader(some.length), { ...named('', (x) => x), flags }, params, [GROUPS]);
    }
    const next = output([3]);
    run(MOVE(), { state, flags, next }, { count: parts * GROUPS, every, most, half: halfOf(WORKGROUP) }, [1]);
    return next;
  },
);

export const lossScaleKernels: readonly KernelConfig[] = [lossScale];
