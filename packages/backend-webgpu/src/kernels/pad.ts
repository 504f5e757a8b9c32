import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { position, positionParams, strides } from './axes.js';
import { elementOf } from './elementwise.js';
import { each } from './parameters.js';

/** An axis of a padded tensor: its size in x, and what was added before and after. */
interface PaddedAxis {
  size: number;
  before: number;
  after: number;
}

const WORKGROUP = 256;

/** From the position c in y to that in x along an axis of n, less than n of which were added: WGSL of an i32 that may be outside of x. */
const SOURCES = {
  constant: 'c',
  reflect: 'select(select(c, -c, c < 0), 2 * n - 2 - c, c >= n)',
  symmetric: 'select(select(c, -1 - c, c < 0), 2 * n - 1 - c, c >= n)',
};

/** Neighbours merged: an axis without padding joins the one around it; where elements are mirrored only if that has none either. */
function merged(shape: readonly number[], paddings: readonly [number, number][], mirrored: boolean): PaddedAxis[] {
  const axes: PaddedAxis[] = [];
  shape.forEach((size, i) => {
    const [before, after] = paddings[i]!;
    const outer = axes.at(-1);
    if (before + after > 0 || !outer || (mirrored && outer.before + outer.after > 0)) {
      axes.push({ size, before, after });
      return;
    }
    outer.size *= size;
    outer.before *= size;
    outer.after *= size;
  });
  return axes.length > 0 ? axes : [{ size: 1, before: 0, after: 0 }];
}

function padded(
  { output, run }: Pick<KernelCall<unknown, unknown>, 'output' | 'run'>,
  x: TensorInfo,
  paddings: readonly [number, number][],
  mode: keyof typeof SOURCES,
  fill = 0,
): TensorInfo {
  const shape = paddings.map(([before, after], i) => before + x.shape[i]! + after);
  const y = output(shape, x.dtype);
  const axes = merged(x.shape, paddings, mode !== 'constant');
  const inner = axes.at(-1)!;
  const vectors =
    [inner.size, inner.before, inner.after].every((n) => n % 4 === 0) &&
    (mode === 'constant' || inner.before + inner.after === 0);
  const width = vectors ? 4 : 1;
  const scalar = elementOf(x.dtype);
  const element = vectors ? (`vec4<${scalar}>` as const) : scalar;
  for (const key of ['size', 'before', 'after'] as const) inner[key] /= width;
  const sizes = axes.map(({ size, before, after }) => before + size + after);
  const steps = strides(axes.map(({ size }) => size));
  const names = axes.flatMap((_, a) => [`size${a}`, `before${a}`, `step${a}`]);
  const program = shader(`pad ${mode} ${element} ${axes.length}`, () => ({
    inputs: { source: element },
    outputs: { y: element },
    params: {
      count: 'u32',
      fill: scalar,
      ...each(Object.keys(positionParams(sizes)), 'u32'),
      ...each(names, 'i32'),
    },
    workgroup: [WORKGROUP],
    declarations: `fn sourceOf(c: i32, n: i32) -> i32 { return ${SOURCES[mode]}; }`,
    body: `
  if (index < p.count) {
    ${position(axes.length)}
    ${axes.map((_, a) => `let s${a} = sourceOf(i32(c${a}) - p.before${a}, p.size${a});`).join('\n')}
    var value = ${element}(p.fill);
    if (${axes.map((_, a) => `s${a} >= 0 && s${a} < p.size${a}`).join(' && ')}) {
      value = source[${axes.map((_, a) => `s${a} * p.step${a}`).join(' + ')}];
    }
    y[index] = value;
  }`,
  }));
  const count = util.sizeFromShape(sizes);
  const values = axes.flatMap(({ size, before }, a) => [size, before, steps[a]!]);
  run(
    program,
    { source: x, y },
    {
      count,
      fill,
      ...positionParams(sizes),
      ...Object.fromEntries(names.map((name, i) => [name, values[i]!])),
    },
    flatGroups(count, WORKGROUP),
  );
  return y;
}

/** The tensor inside a larger one of a constant. */
const padV2 = defineKernel<{ x: TensorInfo }, { paddings: [number, number][]; constantValue: number }>(
  'PadV2',
  (call) => padded(call, call.inputs.x, call.attrs.paddings, 'constant', call.attrs.constantValue),
);

/** The tensor inside a larger one of its mirror images, with the border once (`reflect`) or twice (`symmetric`). */
const mirrorPad = defineKernel<{ x: TensorInfo }, { paddings: [number, number][]; mode: 'reflect' | 'symmetric' }>(
  'MirrorPad',
  (call) => padded(call, call.inputs.x, call.attrs.paddings, call.attrs.mode),
);

export const padKernels: readonly KernelConfig[] = [padV2, mirrorPad];
