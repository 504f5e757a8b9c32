import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { type StockPoolAttrs, stockWindows } from './stockPool.js';
import { eachPlace, runWindows, type Windows, windowShader } from './windows.js';

/** How many voxels a window sees; 1 for one in the padding altogether, whose mean is 0. */
const SEEN = `
fn seen(window: vec3<i32>) -> f32 {
  let size = max(endVoxel(window) - firstVoxel(window), vec3<i32>(0));
  return f32(max(size.x * size.y * size.z, 1));
}`;

const mean = (windows: Windows) =>
  windowShader('avg pool', windows, () => ({
    inputs: ['x'],
    output: 'y',
    over: 'windows',
    declarations: SEEN,
    body: `
  var sum = T(0);
  ${eachPlace('voxel', 'begin', 'end', 'sum += x[voxelAt(n, voxel) + channel];')}
  y[index] = sum / seen(window);`,
  }));

const share = (windows: Windows) =>
  windowShader('avg pool grad', windows, () => ({
    inputs: ['dy'],
    output: 'dx',
    over: 'voxels',
    declarations: SEEN,
    body: `
  var sum = T(0);
  ${eachPlace('window', 'begin', 'end', 'sum += dy[windowAt(n, window) + channel] / seen(window);')}
  dx[index] = sum;`,
  }));

/** The mean of what each window sees of x. */
const avgPool = defineKernel<{ x: TensorInfo }, StockPoolAttrs>(
  'AvgPool3D',
  ({ inputs: { x }, attrs, output, run }) => {
    const windows = stockWindows('AvgPool3D', { x }, x, attrs);
    const y = output([x.shape[0]!, ...windows.counts, x.shape[4]!]);
    runWindows(run, mean(windows), windows, { x, y }, y);
    return y;
  },
);

/**
 * dy of each window, shared among the voxels that it sees. (The stock kernel shares it among as many as the window has, so that with
 * padding it is not the gradient of its own forward pass.)
 */
const avgPoolGrad = defineKernel<Record<'dy' | 'input', TensorInfo>, StockPoolAttrs>(
  'AvgPool3DGrad',
  ({ inputs: { dy, input }, attrs, output, run }) => {
    const windows = stockWindows('AvgPool3DGrad', { dy }, input, attrs);
    const dx = output(input.shape);
    runWindows(run, share(windows), windows, { dy, dx }, dx);
    return dx;
  },
);

export const avgPoolKernels: readonly KernelConfig[] = [avgPool, avgPoolGrad];
