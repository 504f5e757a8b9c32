import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import type { KernelCall } from '../kernelConfig.js';
import { position, positionParams, strides, walk } from './axes.js';
import { elementOf } from './elementwise.js';
import { each } from './parameters.js';

/** Where a box lies in a tensor: element `at`, from where a step along each axis of the box is `steps` elements, also 0 or backwards. */
export interface Place {
  tensor: TensorInfo;
  at: number;
  steps: readonly number[];
}

const WORKGROUP = 256;

/** A box inside a tensor, from position `begin` on. */
export function inside(tensor: TensorInfo, begin: readonly number[] = []): Place {
  const steps = strides(tensor.shape);
  return { tensor, at: begin.reduce((at, position, i) => at + position * steps[i]!, 0), steps };
}

/** Copies a box of elements of one type: four at once where they lie side by side. */
export function copyBox(
  { run }: Pick<KernelCall<unknown, unknown>, 'run'>,
  source: Place,
  target: Place,
  size: readonly number[],
): void {
  const count = util.sizeFromShape(size as number[]);
  if (count === 0) return;
  const axes = walk(size, [source.steps, target.steps]);
  const inner = axes.at(-1)!;
  const outer = axes.slice(0, -1);
  const offsets = [source.at, target.at, ...outer.flatMap(({ steps }) => steps)];
  const whole = [inner.size, ...offsets].every((n) => n % 4 === 0) && inner.steps.every((step) => step === 1);
  const width = whole ? 4 : 1;
  const names = axes.flatMap((_, a) => [`from${a}`, `to${a}`]);
  const steps = axes.map((axis) => (axis === inner ? axis.steps : axis.steps.map((step) => step / width)));
  const sum = (side: string) => axes.map((_, a) => `i32(c${a}) * p.${side}${a}`).join(' + ');
  const scalar = elementOf(source.tensor.dtype);
  const element = whole ? (`vec4<${scalar}>` as const) : scalar;
  const program = shader(`copyBox ${element} ${axes.length}`, () => ({
    inputs: { x: element },
    outputs: { y: element },
    params: {
      count: 'u32',
      ...each(Object.keys(positionParams(axes.map(() => 1))), 'u32'),
      ...each(['xAt', 'yAt', ...names], 'i32'),
    },
    workgroup: [WORKGROUP],
    body: `
  if (index < p.count) {
    ${position(axes.length)}
    y[p.yAt + ${sum('to')}] = x[p.xAt + ${sum('from')}];
  }`,
  }));
  const sizes = axes.map((axis) => (axis === inner ? axis.size / width : axis.size));
  run(
    program,
    { x: source.tensor, y: target.tensor },
    {
      count: count / width,
      ...positionParams(sizes),
      xAt: source.at / width,
      yAt: target.at / width,
      ...Object.fromEntries(steps.flat().map((step, i) => [names[i]!, step])),
    },
    flatGroups(count / width, WORKGROUP),
  );
}
