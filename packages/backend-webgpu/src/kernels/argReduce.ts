import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Block } from '../gpu/pool.js';
import { defineKernel } from '../kernelConfig.js';
import { elementOf } from './elementwise.js';
import { arithmeticSequence } from './fill.js';
import { type MiddleAxis, middleAxes, planReduction, reductionShader } from './reduction.js';

/**
 * Where along an axis the first of the best stands; a NaN is never better, unless it stands first, when nothing is better than it. Passes
 * after the first look at the places that the one before found, in x itself.
 */
const argReduce = (name: string, better: string): KernelConfig =>
  defineKernel<{ x: TensorInfo }, { axis: number }>(name, (call) => {
    const { x } = call.inputs;
    const { run, scratch, output } = call;
    const axes = util.parseAxisParam(call.attrs.axis, x.shape).slice(0, 1);
    const shape = x.shape.filter((_, axis) => !axes.includes(axis));
    const size = util.sizeFromShape(x.shape);
    if (size === 0) return arithmeticSequence(call, shape, 'int32', { start: 0 });
    const y = output(shape, 'int32');
    const type = elementOf(x.dtype);
    const missing = type === 'f32' ? 'isNan' : 'never';
    let pass: MiddleAxis | undefined = middleAxes(x.shape, axes)[0]!;
    const { reduced: length } = pass;
    let found: Block | undefined;
    while (pass) {
      const plan = planReduction(pass);
      const next: MiddleAxis | undefined = plan.parts > 1 ? { ...pass, reduced: plan.parts } : undefined;
      const target: Block | TensorInfo = next ? scratch(pass.outer * plan.parts * pass.inner) : y;
      const [again, last] = [found !== undefined, next === undefined];
      const first = 'x[outer * p.size * p.inner + column]';
      const program = reductionShader(`${name} ${type} ${again} ${last}`, plan, () => ({
        inputs: { x: type, ...(again && { found: 'i32' }) },
        result: 'i32',
        params: { size: 'u32' },
        type: 'Best',
        declarations: `
struct Best { value: ${type}, at: i32 }
fn never(x: ${type}) -> bool { return false; }
fn combine(a: Best, b: Best) -> Best {
  if (${missing}(b.value)) { return a; }
  if (${missing}(a.value) || b.value ${better} a.value) { return b; }
  if (b.value == a.value && b.at < a.at) { return b; }
  return a;
}
fn candidate(at: i32, outer: u32, column: u32) -> Best {
  return Best(x[(outer * p.size + u32(at)) * p.inner + column], at);
}`,
        start: undefined,
        load: again ? 'candidate(found[at], outer, column)' : 'Best(x[at], i32(r))',
        finish: last ? `select(total.at, 0, ${missing}(${first}))` : 'total.at',
      }));
      run(program, { x, y: target, ...(found && { found }) }, { ...plan.params, size: length }, plan.groups);
      found = next && (target as Block);
      pass = next;
    }
    return y;
  });

export const argReduceKernels: readonly KernelConfig[] = [argReduce('ArgMax', '>'), argReduce('ArgMin', '<')];
