import { KERNELS } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { rowUnits } from '../units.js';
import { Sums, vector } from './sums.js';

/** Rows, their width, and how threads share them. */
function rowsOf({ shape }: TensorInfo) {
  const width = shape.at(-1)!;
  const rows = util.sizeFromShape(shape) / width;
  const { rows: perUnit, units } = rowUnits(rows, width);
  return { width, rows, perUnit, units };
}

/** Per row: y = γ·(x − mean)·rstd + β with rstd = 1/√(variance + ε), finite at zero variance. */
const layerNorm = defineKernel<Record<'x' | 'gamma' | 'beta', TensorInfo>, { epsilon: number }>(
  KERNELS.LayerNorm,
  ({ inputs: { x, gamma, beta }, attrs: { epsilon }, floats, room, output }) => {
    const { width, rows, perUnit, units } = rowsOf(x);
    const [xs, g, b] = [floats(x).byteOffset, floats(gamma).byteOffset, floats(beta).byteOffset];
    const [y, mean, rstd] = [room(x.shape), room([rows]), room([rows])];
    const made = [y.byteOffset, mean.byteOffset, rstd.byteOffset] as const;
    engine().run('layerNorm', units, xs, g, b, ...made, rows, width, epsilon, perUnit);
    return [output(x.shape, y), output([rows], mean), output([rows], rstd)];
  },
);

/** With h = dy·γ and n = (x − mean)·rstd, per row: dx = rstd·(h − mean(h) − n·mean(h·n)); dγ = Σ dy·n, dβ = Σ dy over rows. */
const layerNormGrad = defineKernel<Record<'dy' | 'x' | 'gamma' | 'mean' | 'rstd', TensorInfo>>(
  KERNELS.LayerNormGrad,
  ({ inputs: { dy, x, gamma, mean, rstd }, floats, room, output }) => {
    const { width, rows, perUnit, units } = rowsOf(x);
    const [dys, xs, g] = [floats(dy).byteOffset, floats(x).byteOffset, floats(gamma).byteOffset];
    const [m, r] = [floats(mean).byteOffset, floats(rstd).byteOffset];
    const dx = room(x.shape);
    const layout = { groups: 1, parts: units, rows: 2, width: width + (width % 2), channels: width };
    const sums = new Sums({ kernel: KERNELS.LayerNormGrad, shape: x.shape }, layout);
    engine().run('layerNormGrad', units, dys, xs, g, m, r, dx.byteOffset, sums.at, rows, width, perUnit);
    const perColumn = (row: number) => vector({ room, output }, sums.fold({ row }));
    return [output(x.shape, dx), perColumn(0), perColumn(1)];
  },
);

export const layerNormKernels: readonly KernelConfig[] = [layerNorm, layerNormGrad];
