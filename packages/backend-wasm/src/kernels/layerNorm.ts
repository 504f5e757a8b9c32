import { KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { rowSquares, rowSum } from './rowLoops.js';

/** Per row: y = γ·(x − mean)·rstd + β with rstd = 1/√(variance + ε), finite at zero variance. */
const layerNorm = defineKernel<Record<'x' | 'gamma' | 'beta', TensorInfo>, { epsilon: number }>(
  KERNELS.LayerNorm,
  ({ inputs: { x, gamma, beta }, attrs: { epsilon }, values, output }) => {
    const [xs, g, b] = [values(x), values(gamma), values(beta)];
    const width = x.shape.at(-1)!;
    const rows = xs.length / width;
    const y = new Float32Array(xs.length);
    const means = new Float32Array(rows);
    const rstds = new Float32Array(rows);
    for (let row = 0; row < rows; row++) {
      const start = row * width;
      const mean = rowSum(xs, start, width) / width;
      const rstd = 1 / Math.sqrt(rowSquares(xs, start, width, mean) / width + epsilon);
      means[row] = mean;
      rstds[row] = rstd;
      for (let c = 0; c < width; c++) y[start + c] = (xs[start + c]! - mean) * rstd * g[c]! + b[c]!;
    }
    return [output(x.shape, y), output([rows], means), output([rows], rstds)];
  },
);

/** With h = dy·γ and n = (x − mean)·rstd, per row: dx = rstd·(h − mean(h) − n·mean(h·n)); dγ = Σ dy·n, dβ = Σ dy over rows. */
const layerNormGrad = defineKernel<Record<'dy' | 'x' | 'gamma' | 'mean' | 'rstd', TensorInfo>>(
  KERNELS.LayerNormGrad,
  ({ inputs: { dy, x, gamma, mean, rstd }, values, output }) => {
    const [dys, xs, g, means, rstds] = [values(dy), values(x), values(gamma), values(mean), values(rstd)];
    const width = x.shape.at(-1)!;
    const dx = new Float32Array(xs.length);
    const dgamma = new Float64Array(width);
    const dbeta = new Float64Array(width);
    for (let row = 0; row < rstds.length; row++) {
      const start = row * width;
      const m = means[row]!;
      const r = rstds[row]!;
      let sum = 0;
      let product = 0;
      for (let c = 0; c < width; c++) {
        const d = dys[start + c]!;
        const n = (xs[start + c]! - m) * r;
        const h = d * g[c]!;
        sum += h;
        product += h * n;
        dgamma[c]! += d * n;
        dbeta[c]! += d;
      }
      sum /= width;
      product /= width;
      for (let c = 0; c < width; c++) {
        const n = (xs[start + c]! - m) * r;
        dx[start + c] = r * (dys[start + c]! * g[c]! - sum - n * product);
      }
    }
    const perColumn = [width];
    return [
      output(x.shape, dx),
      output(perColumn, Float32Array.from(dgamma)),
      output(perColumn, Float32Array.from(dbeta)),
    ];
  },
);

export const layerNormKernels: readonly KernelConfig[] = [layerNorm, layerNormGrad];
