import { CrlnError, type GatherAxesAttrs, KERNELS, type Triple } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';
import { copyBox, inside } from './copyBox.js';
import { elementOf } from './elementwise.js';
import { checkIndices } from './indices.js';
import { each } from './parameters.js';

const WORKGROUP = 256;

/** [D, H, W] and channels of [N, D, H, W, C] or [N, D, H, W], and how many of these are moved at once. */
function volume(kernel: string, x: TensorInfo) {
  if (x.dtype !== 'float32' && x.dtype !== 'int32') {
    throw new CrlnError('invalid-data', `${kernel}: expected float32 or int32, got ${x.dtype}`, { dtype: x.dtype });
  }
  const channels = x.shape[4] ?? 1;
  const width = channels % 4 === 0 ? 4 : 1;
  const scalar = elementOf(x.dtype);
  const element = width === 4 ? (`vec4<${scalar}>` as const) : scalar;
  return { size: x.shape.slice(1, 4) as Triple, channels, width, scalar, element } as const;
}

/** Where positions start and by how much they go on, if always by the same and none is outside. */
function sequence(positions: Int32Array): { start: number; step: number } | undefined {
  const [start = 0, second = start] = positions;
  const step = second - start;
  return positions.every((position, i) => position >= 0 && position === start + i * step) ? { start, step } : undefined;
}

/** Each output voxel takes the input voxel that three tables, one an axis, point at. Flips, turns and crops are copies of a box. */
const gatherAxes = defineKernel<{ x: TensorInfo }, GatherAxesAttrs>(KERNELS.GatherAxes, (call) => {
  const { x } = call.inputs;
  const { along, from, fill } = call.attrs;
  const { size, channels, width, scalar, element } = volume(KERNELS.GatherAxes, x);
  const [d, h, w] = from.map(({ length }) => length) as Triple;
  const y = call.output([x.shape[0]!, d, h, w, ...x.shape.slice(4)], x.dtype);
  const count = util.sizeFromShape(y.shape) / width;
  if (count === 0) return y;
  const voxels = size[0] * size[1] * size[2];
  const strides = [size[1] * size[2] * channels, size[2] * channels, channels];
  const sequences = from.map(sequence);
  if (sequences.every((found) => found !== undefined)) {
    const at = sequences.reduce((sum, { start }, axis) => sum + start * strides[along[axis]!]!, 0);
    const steps = sequences.map(({ step }, axis) => step * strides[along[axis]!]!);
    const box = [x.shape[0]!, d, h, w, channels];
    const target = inside({ ...y, shape: box });
    copyBox(call, { tensor: x, at, steps: [voxels * channels, ...steps, 1] }, target, box);
    return y;
  }
  const tables = from.flatMap((positions, axis) =>
    Array.from(positions, (position) => (position < 0 ? -1 : (position * strides[along[axis]!]!) / width)),
  );
  const program = shader(`gatherAxes ${element}`, () => ({
    inputs: { x: element, tables: 'i32' },
    outputs: { y: element },
    params: { ...each(['count', 'd', 'h', 'w', 'channels', 'sample'], 'u32'), fill: scalar },
    workgroup: [WORKGROUP],
    body: `
  if (index >= p.count) { return; }
  var rest = index / p.channels;
  let column = tables[p.d + p.h + rest % p.w];
  rest /= p.w;
  let row = tables[p.d + rest % p.h];
  rest /= p.h;
  let slab = tables[rest % p.d];
  var value = ${element}(p.fill);
  if (slab >= 0 && row >= 0 && column >= 0) {
    value = x[rest / p.d * p.sample + u32(slab + row + column) + index % p.channels];
  }
  y[index] = value;`,
  }));
  const sample = (voxels * channels) / width;
  const params = { count, d, h, w, channels: channels / width, sample, fill };
  call.run(program, { x, tables: call.table(Int32Array.from(tables)), y }, params, flatGroups(count, WORKGROUP));
  return y;
});

/** Each output voxel takes the voxel of the whole batch that the index says, or `fill` where that is −1, or outside. */
const gatherVoxels = defineKernel<Record<'x' | 'index', TensorInfo>, { fill: number }>(KERNELS.GatherVoxels, (call) => {
  const { x, index } = call.inputs;
  const { channels, width, scalar, element } = volume(KERNELS.GatherVoxels, x);
  const voxels = util.sizeFromShape(x.shape.slice(0, 4));
  checkIndices(call, KERNELS.GatherVoxels, index, [voxels], { name: 'index', least: -1 });
  const y = call.output(x.shape, x.dtype);
  const program = shader(`gatherVoxels ${element}`, () => ({
    inputs: { x: element, places: 'i32' },
    outputs: { y: element },
    params: { ...each(['count', 'channels', 'voxels'], 'u32'), fill: scalar },
    workgroup: [WORKGROUP],
    body: `
  if (index >= p.count) { return; }
  let place = places[index / p.channels];
  var value = ${element}(p.fill);
  if (place >= 0 && u32(place) < p.voxels) { value = x[u32(place) * p.channels + index % p.channels]; }
  y[index] = value;`,
  }));
  const count = (voxels * channels) / width;
  const params = { count, channels: channels / width, voxels, fill: call.attrs.fill };
  call.run(program, { x, places: index, y }, params, flatGroups(count, WORKGROUP));
  return y;
});

export const gatherVolumeKernels: readonly KernelConfig[] = [gatherAxes, gatherVoxels];
