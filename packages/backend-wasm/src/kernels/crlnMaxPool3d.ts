import { convOutputSize, KERNELS, type PoolAttrs, type Triple } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { rowUnits } from '../units.js';

/** Batch, channels, sizes of x and y, and what the assembly takes of them. */
function geometry(kernel: string, x: TensorInfo, { poolSize, strides, pads }: PoolAttrs) {
  const [batch, , , , channels] = x.shape as [number, number, number, number, number];
  const input = x.shape.slice(1, 4) as Triple;
  const size = convOutputSize(input, poolSize, strides, pads, [1, 1, 1], kernel);
  const before = pads.map(([first]) => first) as Triple;
  const words = [channels, ...input, ...size, ...poolSize, ...strides, ...before] as const;
  return { batch, channels, input, size, words };
}

/** The largest of each window; what lies in the padding never is. */
const maxPool = defineKernel<{ x: TensorInfo }, PoolAttrs>(
  KERNELS.MaxPool3d,
  ({ inputs: { x }, attrs, floats, room, output }) => {
    const { batch, channels, input, size, words } = geometry(KERNELS.MaxPool3d, x, attrs);
    const shape = [batch, ...size, channels];
    const y = room(shape);
    const { rows, units } = rowUnits(batch * size[0] * size[1], size[2] * channels * attrs.poolSize[0]);
    const { threads } = engine();
    const stride = 4 * input[2] * channels + 64;
    const scratch = room([threads * (stride / 4)]);
    const total = batch * size[0] * size[1];
    engine().run(
      'maxPool',
      units,
      floats(x).byteOffset,
      y.byteOffset,
      scratch.byteOffset,
      stride,
      total,
      rows,
      ...words,
    );
    return output(shape, y);
  },
);

/** dy goes to the first of the largest voxels of its window, in D, H, W order. */
const maxPoolGrad = defineKernel<Record<'dy' | 'x' | 'y', TensorInfo>, PoolAttrs>(
  KERNELS.MaxPool3dGrad,
  ({ inputs: { dy, x, y }, attrs, floats, room, output }) => {
    const { batch, channels, input, size, words } = geometry(KERNELS.MaxPool3dGrad, x, attrs);
    const dx = room(x.shape);
    // Planes of windows that a unit owns; overlapping windows are looked at by two units, so these are not too thin.
    const plane = input[1] * input[2] * channels * attrs.strides[0];
    const windows = rowUnits(size[0], plane).rows;
    const slabs = Math.max(1, Math.ceil(size[0] / Math.max(windows, 1)));
    const [dys, xs, ys] = [floats(dy), floats(x), floats(y)];
    engine().run(
      'maxPoolGrad',
      batch * slabs,
      dys.byteOffset,
      xs.byteOffset,
      ys.byteOffset,
      dx.byteOffset,
      slabs,
      windows,
      ...words,
    );
    return output(x.shape, dx);
  },
);

export const crlnMaxPoolKernels: readonly KernelConfig[] = [maxPool, maxPoolGrad];
