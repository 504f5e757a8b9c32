import { input, type layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Layer3d } from '../layers/layer3d.js';
import { Recompute3d } from '../layers/recompute3d.js';

/** Applies a layer to a symbolic tensor. */
export const through = (layer: layers.Layer | Layer3d, x: SymbolicTensor | SymbolicTensor[]): SymbolicTensor =>
  layer.apply(x) as SymbolicTensor;

/** Layers from a tensor, and others beside it, to one. */
export interface Step {
  build: (x: SymbolicTensor, ...others: SymbolicTensor[]) => SymbolicTensor;
  others?: SymbolicTensor[];
}

/**
 * Puts steps one after the other, each on what the one before made. With `recompute` they become layers whose activations are computed
 * again in the backward pass: together, or each by itself at full resolution, where what one computes again is what counts.
 */
export function stage(
  { recompute }: { recompute: boolean },
  name: string,
  level: number,
  start: SymbolicTensor,
  steps: readonly Step[],
): SymbolicTensor {
  const run = (x: SymbolicTensor, { build, others = [] }: Step) => build(x, ...others);
  if (!recompute) return steps.reduce(run, start);
  if (level === 0) return steps.reduce((x, step, i) => recomputed(`${name}/step${i + 1}`, x, step), start);
  const others = steps.flatMap((step) => step.others ?? []);
  const build: Step['build'] = (x, ...given) => {
    const rest = [...given];
    return steps.reduce((y, step) => step.build(y, ...rest.splice(0, step.others?.length ?? 0)), x);
  };
  return recomputed(`${name}/steps`, start, { build, others });
}

/** A step as one layer whose activations are not kept for the backward pass. */
export function recomputed(name: string, x: SymbolicTensor, { build, others = [] }: Step): SymbolicTensor {
  const [first, ...rest] = [x, ...others].map(({ shape }, i) =>
    input({ batchShape: shape, name: `${name}/input${i + 1}` }),
  ) as [SymbolicTensor, ...SymbolicTensor[]];
  const part = model({ inputs: [first, ...rest], outputs: build(first, ...rest), name });
  return through(new Recompute3d({ model: part, name }), others.length === 0 ? x : [x, ...others]);
}
