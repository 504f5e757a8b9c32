import { CrlnError, type GatherAxesAttrs, KERNELS, type Triple } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { CrlnWasmBackend } from '../backend.js';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { rowUnits } from '../units.js';

/** "Outside" in a table of byte offsets. */
const OUTSIDE = 0xffffffff;

/** Batch, [D, H, W] and channels of [N, D, H, W, C] or [N, D, H, W]. */
export function volume(x: TensorInfo) {
  const [batch, ...rest] = x.shape as [number, number, number, number, number?];
  return { batch, size: rest.slice(0, 3) as Triple, channels: rest[3] ?? 1 };
}

/** The shape of a volume like x with other sizes. */
export const resized = (x: TensorInfo, size: readonly number[]): number[] => [
  x.shape[0]!,
  ...size,
  ...x.shape.slice(4),
];

/** The elements of a float32 or int32 tensor and an output's, in the shared memory. */
function words(backend: CrlnWasmBackend, x: TensorInfo, shape: number[], kernel: string) {
  if (x.dtype !== 'float32' && x.dtype !== 'int32') {
    throw new CrlnError('invalid-data', `${kernel}: expected float32 or int32, got ${x.dtype}`, { dtype: x.dtype });
  }
  const size = shape.reduce((a, b) => a * b, 1);
  const y = backend.room(x.dtype, size, { kernel, shape }) as Float32Array | Int32Array;
  return { source: backend.resident(x, kernel)!.byteOffset, y };
}

/** The bits of a value of the type. */
function bits(value: number, dtype: string): number {
  return dtype === 'int32' ? Math.trunc(value) : new Int32Array(Float32Array.of(value).buffer)[0]!;
}

/** Each output voxel takes the input voxel that three tables, one an axis, point at. */
const gatherAxes = defineKernel<{ x: TensorInfo }, GatherAxesAttrs>(
  KERNELS.GatherAxes,
  ({ inputs: { x }, attrs: { along, from, fill }, backend, output }) => {
    const { batch, size, channels } = volume(x);
    const shape = resized(
      x,
      from.map(({ length }) => length),
    );
    const { source, y } = words(backend, x, shape, KERNELS.GatherAxes);
    const strides = [size[1] * size[2] * channels * 4, size[2] * channels * 4, channels * 4];
    const tables = from.map((positions, axis) =>
      Uint32Array.from(positions, (position) => (position < 0 ? OUTSIDE : position * strides[along[axis]!]!)),
    );
    const runs = together(tables[2]!, channels);
    const [depth, height, pieces] = [tables[0]!, tables[1]!, runs].map((table) => put(table, KERNELS.GatherAxes));
    const [d, h, w] = from.map(({ length }) => length) as Triple;
    const { rows, units } = rowUnits(batch * d * h, w * channels);
    engine().run(
      'gatherAxes',
      units,
      source,
      y.byteOffset,
      size[0] * strides[0]!,
      depth!,
      height!,
      pieces!,
      runs.length / 2,
      d,
      h,
      w * channels,
      bits(fill, x.dtype),
      batch * d * h,
      rows,
    );
    return output(shape, y);
  },
);

/** Pairs (byte offset, elements) of the stretches of a row whose voxels lie one after the other. */
function together(offsets: Uint32Array, channels: number): Uint32Array {
  const runs: number[] = [];
  let end = -1;
  for (const offset of offsets) {
    if (runs.length > 0 && offset === end) runs[runs.length - 1]! += channels;
    else runs.push(offset, channels);
    end = offset === OUTSIDE ? OUTSIDE : offset + channels * 4;
  }
  return Uint32Array.from(runs);
}

/** Puts a table into the shared memory for this call. */
export const put = (table: Uint32Array | Int32Array, kernel: string): number =>
  engine().heap.putInts(table, { kernel, shape: [table.length] });

/** Each output voxel takes the voxel of the whole batch that the index says. */
const gatherVoxels = defineKernel<Record<'x' | 'index', TensorInfo>, { fill: number }>(
  KERNELS.GatherVoxels,
  ({ inputs: { x, index }, attrs: { fill }, backend, output }) => {
    const { batch, size, channels } = volume(x);
    const voxels = batch * size[0] * size[1] * size[2];
    const { source, y } = words(backend, x, x.shape, KERNELS.GatherVoxels);
    const at = backend.resident(index, KERNELS.GatherVoxels)!;
    const { rows, units } = rowUnits(voxels, channels);
    const wrong = engine().heap.ints(units, { kernel: KERNELS.GatherVoxels, shape: [units] });
    const places = [source, at.byteOffset, y.byteOffset, wrong.byteOffset] as const;
    engine().run('gatherVoxels', units, ...places, voxels, channels, bits(fill, x.dtype), voxels, rows);
    const first = wrong.find((voxel) => voxel !== 0);
    if (first !== undefined) {
      const position = at[first - 1]!;
      throw new CrlnError(
        'invalid-data',
        `${KERNELS.GatherVoxels}: index[${first - 1}] is ${position}, expected -1 to ${voxels - 1}`,
        { position, voxels },
      );
    }
    return output(x.shape, y);
  },
);

export const moveKernels: readonly KernelConfig[] = [gatherAxes, gatherVoxels];
