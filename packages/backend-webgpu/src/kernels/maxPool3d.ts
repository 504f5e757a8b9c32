import { convOutputSize, KERNELS, type PoolAttrs, type Triple } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';
import { expectTypes } from './operandTypes.js';
import { type StockPoolAttrs, stockWindows } from './stockPool.js';
import { eachPlace, runWindows, type Windows, windowShader } from './windows.js';

/** What a window sees that lies in the padding altogether. */
const LOWEST = Math.fround(-3.4e38);

const windowsOf = (kernel: string, { shape }: TensorInfo, { poolSize, strides, pads }: PoolAttrs): Windows => ({
  shape,
  counts: convOutputSize(shape.slice(1, 4) as Triple, poolSize, strides, pads, [1, 1, 1], kernel),
  size: poolSize,
  strides,
  before: pads.map(([first]) => first) as Triple,
});

const pooledShape = ({ shape, counts }: Windows): number[] => [shape[0]!, ...counts, shape[4]!];

/** The largest of each window. Ours keeps NaN; the stock kernel passes it over, and says −∞ of a window in the padding altogether. */
const largest = (windows: Windows, stock: boolean) =>
  windowShader(`max pool ${stock}`, windows, () => ({
    inputs: ['x'],
    output: 'y',
    over: 'windows',
    body: `
  var bits = 0xff800000u;
  var best = T(bitcast<f32>(bits));
  ${eachPlace(
    'voxel',
    'begin',
    'end',
    `let value = x[voxelAt(n, voxel) + channel];
        best = select(best, value, ${stock ? '(value > best) & !anyNan(value)' : '((value > best) & !anyNan(best)) | anyNan(value)'});`,
  )}
  y[index] = ${stock ? 'best' : `select(T(${LOWEST}), best, all(begin < end))`};`,
  }));

/** WGSL: whether a voxel comes before another in D, H, W order. */
const ORDER = `
fn precedes(a: vec3<i32>, b: vec3<i32>) -> bool {
  return a.x < b.x || (a.x == b.x && (a.y < b.y || (a.y == b.y && a.z < b.z)));
}`;

/** Each voxel takes dy of the windows that it is the first largest of: it equals y, and none before it does. */
const firstWinner = (windows: Windows) =>
  windowShader('max pool grad first', windows, () => ({
    inputs: ['dy', 'x', 'y'],
    output: 'dx',
    over: 'voxels',
    declarations: ORDER,
    body: `
  var sum = T(0);
  let own = x[index];
  ${eachPlace(
    'window',
    'begin',
    'end',
    `let at = windowAt(n, window) + channel;
        let top = y[at];
        var wins = (own == top) & !anyNan(own);
        if (any(wins)) {
          let last = vec3<i32>(voxel.x + 1, endVoxel(window).yz);
          ${eachPlace(
            'other',
            'firstVoxel(window)',
            'last',
            'if (precedes(other, voxel)) { wins = wins & !(x[voxelAt(n, other) + channel] == top); }',
          )}
          sum += select(T(0), dy[at], wins);
        }`,
  )}
  dx[index] = sum;`,
  }));

/** Each voxel takes dy of the windows that it is the last largest of. */
const lastWinner = (windows: Windows) =>
  windowShader('max pool grad last', windows, () => ({
    inputs: ['dy', 'x'],
    output: 'dx',
    over: 'voxels',
    declarations: ORDER,
    body: `
  var sum = T(0);
  let own = x[index];
  ${eachPlace(
    'window',
    'begin',
    'end',
    `var wins = !anyNan(own);
        ${eachPlace(
          'other',
          'firstVoxel(window)',
          'endVoxel(window)',
          `let value = x[voxelAt(n, other) + channel];
          wins = wins & !(value > own);
          if (precedes(voxel, other)) { wins = wins & !(value == own); }`,
        )}
        sum += select(T(0), dy[windowAt(n, window) + channel], wins);`,
  )}
  dx[index] = sum;`,
  }));

const maxPool = defineKernel<{ x: TensorInfo }, PoolAttrs>(
  KERNELS.MaxPool3d,
  ({ inputs: { x }, attrs, output, run }) => {
    expectTypes(KERNELS.MaxPool3d, { x }, []);
    const windows = windowsOf(KERNELS.MaxPool3d, x, attrs);
    const y = output(pooledShape(windows));
    runWindows(run, largest(windows, false), windows, { x, y }, y);
    return y;
  },
);

const maxPoolGrad = defineKernel<Record<'dy' | 'x' | 'y', TensorInfo>, PoolAttrs>(
  KERNELS.MaxPool3dGrad,
  ({ inputs, attrs, output, run }) => {
    expectTypes(KERNELS.MaxPool3dGrad, inputs, []);
    const windows = windowsOf(KERNELS.MaxPool3dGrad, inputs.x, attrs);
    const dx = output(inputs.x.shape);
    runWindows(run, firstWinner(windows), windows, { ...inputs, dx }, dx);
    return dx;
  },
);

const stockMaxPool = defineKernel<{ x: TensorInfo }, StockPoolAttrs>(
  'MaxPool3D',
  ({ inputs: { x }, attrs, output, run }) => {
    const windows = stockWindows('MaxPool3D', { x }, x, attrs);
    const y = output(pooledShape(windows));
    runWindows(run, largest(windows, true), windows, { x, y }, y);
    return y;
  },
);

/** dy goes to the largest of its window; of equals, to the last one, as the stock kernel. */
const stockMaxPoolGrad = defineKernel<Record<'dy' | 'input', TensorInfo>, StockPoolAttrs>(
  'MaxPool3DGrad',
  ({ inputs: { dy, input: x }, attrs, output, run }) => {
    const windows = stockWindows('MaxPool3DGrad', { dy, x }, x, attrs);
    const dx = output(x.shape);
    runWindows(run, lastWinner(windows), windows, { dy, x, dx }, dx);
    return dx;
  },
);

export const maxPoolKernels: readonly KernelConfig[] = [maxPool, maxPoolGrad, stockMaxPool, stockMaxPoolGrad];
