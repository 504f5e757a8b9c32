import { backend_util, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';

interface PoolAttrs {
  filterSize: number | [number, number, number];
  strides: number | [number, number, number];
  pad: 'valid' | 'same' | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dataFormat?: 'NDHWC' | 'NCDHW';
}

type PoolInfo = backend_util.Conv3DInfo;

const poolInfo = (x: TensorInfo, { filterSize, strides, pad, dimRoundingMode }: PoolAttrs): PoolInfo =>
  backend_util.computePool3DInfo(
    x.shape as [number, number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );

/** Calls `visit` with the offset of every output voxel and of its first channel's voxel for every tap inside the input. */
function eachTap(info: PoolInfo, begin: (output: number) => void, visit: (output: number, input: number) => void) {
  const { inDepth, inHeight, inWidth, inChannels: channels, outDepth, outHeight, outWidth } = info;
  const { front, top, left } = info.padInfo;
  let output = 0;
  for (let n = 0; n < info.batchSize; n++) {
    for (let d = 0; d < outDepth; d++) {
      const d0 = d * info.strideDepth - front;
      const dEnd = Math.min(inDepth, d0 + info.filterDepth);
      for (let h = 0; h < outHeight; h++) {
        const h0 = h * info.strideHeight - top;
        const hEnd = Math.min(inHeight, h0 + info.filterHeight);
        for (let w = 0; w < outWidth; w++, output += channels) {
          const w0 = w * info.strideWidth - left;
          const wEnd = Math.min(inWidth, w0 + info.filterWidth);
          begin(output);
          for (let z = Math.max(d0, 0); z < dEnd; z++) {
            for (let y = Math.max(h0, 0); y < hEnd; y++) {
              const row = ((n * inDepth + z) * inHeight + y) * inWidth;
              for (let x = Math.max(w0, 0); x < wEnd; x++) visit(output, (row + x) * channels);
            }
          }
        }
      }
    }
  }
}

/** The largest of each window, NaN passed over, as the stock kernel. */
const maxPool3D = defineKernel<{ x: TensorInfo }, PoolAttrs>(
  'MaxPool3D',
  ({ inputs: { x }, attrs, values, output, stock }) => {
    if (attrs.dataFormat === 'NCDHW' || x.dtype !== 'float32') return stock();
    const info = poolInfo(x, attrs);
    const xs = values(x);
    const y = new Float32Array(info.outShape.reduce((a, b) => a * b)).fill(-Infinity);
    const channels = info.inChannels;
    eachTap(
      info,
      () => {},
      (to, from) => {
        for (let c = 0; c < channels; c++) {
          const value = xs[from + c]!;
          if (value > y[to + c]!) y[to + c] = value;
        }
      },
    );
    return output(info.outShape, y);
  },
);

/** dy goes to the largest of its window; of equals, to the last one, as the stock kernel. */
const maxPool3DGrad = defineKernel<Record<'dy' | 'input', TensorInfo>, PoolAttrs>(
  'MaxPool3DGrad',
  ({ inputs: { dy, input }, attrs, values, output }) => {
    const info = poolInfo(input, attrs);
    const [dys, xs] = [values(dy), values(input)];
    const dx = new Float32Array(xs.length);
    const channels = info.inChannels;
    const best = new Float32Array(channels);
    const bestAt = new Int32Array(channels);
    let open = -1;
    const finish = () => {
      if (open < 0) return;
      for (let c = 0; c < channels; c++) {
        if (bestAt[c]! >= 0) dx[bestAt[c]!]! += dys[open + c]!;
      }
    };
    eachTap(
      info,
      (to) => {
        finish();
        open = to;
        best.fill(-Infinity);
        bestAt.fill(-1);
      },
      (_, from) => {
        for (let c = 0; c < channels; c++) {
          const value = xs[from + c]!;
          if (value >= best[c]!) {
            best[c] = value;
            bestAt[c] = from + c;
          }
        }
      },
    );
    finish();
    return output(input.shape, dx);
  },
);

export const maxPoolKernels: readonly KernelConfig[] = [maxPool3D, maxPool3DGrad];
