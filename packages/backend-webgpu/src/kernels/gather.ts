import { backend_util, type DataType, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';
import { elementOf } from './elementwise.js';
import { checkIndices, rowOf, sizeNames, sizeParams } from './indices.js';
import { each } from './parameters.js';

const { collectGatherOpShapeInfo } = backend_util.segment_util;
type GatherTensor = Parameters<typeof collectGatherOpShapeInfo>[0];

const WORKGROUP = 256;

/** How many elements are moved at once where so many lie side by side. */
const unitOf = ({ dtype }: TensorInfo, side: number) => {
  const scalar = elementOf(dtype);
  return side % 4 === 0
    ? ({ width: 4, element: `vec4<${scalar}>` } as const)
    : ({ width: 1, element: scalar } as const);
};

/** The slices at the given indices along an axis, [batch, outer, axis, slice]; zeros for an index outside. */
const gatherV2 = defineKernel<Record<'x' | 'indices', TensorInfo>, { axis: number; batchDims?: number }>(
  'GatherV2',
  (call) => {
    const { x, indices } = call.inputs;
    const axis = util.parseAxisParam(call.attrs.axis, x.shape)[0]!;
    checkIndices(call, 'GatherV2', indices, [x.shape[axis]!]);
    const info = collectGatherOpShapeInfo(x as GatherTensor, indices as GatherTensor, axis, call.attrs.batchDims ?? 0);
    const { width, element } = unitOf(x, info.sliceSize);
    const y = call.output(info.outputShape, x.dtype);
    const program = shader(`gatherV2 ${element}`, () => ({
      inputs: { x: element, indices: 'i32' },
      outputs: { y: element },
      params: each(['count', 'slice', 'picked', 'outer', 'size'], 'u32'),
      workgroup: [WORKGROUP],
      body: `
  if (index >= p.count) { return; }
  let row = index / p.slice;
  let block = row / p.picked;
  let at = indices[block / p.outer * p.picked + row % p.picked];
  var value = ${element}();
  if (at >= 0 && u32(at) < p.size) { value = x[(block * p.size + u32(at)) * p.slice + index % p.slice]; }
  y[index] = value;`,
    }));
    const count = util.sizeFromShape(info.outputShape) / width;
    const params = {
      count,
      slice: info.sliceSize / width,
      picked: util.sizeFromShape(indices.shape) / info.batchSize,
      outer: info.outerSize,
      size: info.dimSize,
    };
    call.run(program, { x, indices, y }, params, flatGroups(count, WORKGROUP));
    return y;
  },
);

/** The slices at positions [..., rank] along the first axes; zeros for a position outside. */
const gatherNd = defineKernel<Record<'params' | 'indices', TensorInfo>>('GatherNd', (call) => {
  const { params: x, indices } = call.inputs;
  type Arguments = Parameters<typeof backend_util.prepareAndValidate>;
  const [shape, , slice] = backend_util.prepareAndValidate(x as Arguments[0], indices as Arguments[1]);
  const rank = indices.shape.at(-1)!;
  const sizes = x.shape.slice(0, rank);
  checkIndices(call, 'GatherNd', indices, sizes);
  const { width, element } = unitOf(x, slice);
  const y = call.output(shape, x.dtype);
  const program = shader(`gatherNd ${element} ${rank}`, () => ({
    inputs: { x: element, indices: 'i32' },
    outputs: { y: element },
    params: each(['count', 'slice', ...sizeNames(rank)], 'u32'),
    workgroup: [WORKGROUP],
    declarations: rowOf(rank),
    body: `
  if (index >= p.count) { return; }
  let row = rowOf(index / p.slice);
  var value = ${element}();
  if (row != NOWHERE) { value = x[row * p.slice + index % p.slice]; }
  y[index] = value;`,
  }));
  const count = util.sizeFromShape(shape) / width;
  const params = { count, slice: slice / width, ...sizeParams(sizes) };
  call.run(program, { x, indices, y }, params, flatGroups(count, WORKGROUP));
  return y;
});

interface OneHotAttrs {
  depth: number;
  onValue: number;
  offValue: number;
  dtype: DataType;
}

/** A new last axis with `onValue` at the index, else `offValue`; no `onValue` for an index outside. */
const oneHot = defineKernel<{ indices: TensorInfo }, OneHotAttrs>('OneHot', ({ inputs, attrs, output, run }) => {
  const { indices } = inputs;
  const { depth, onValue, offValue, dtype } = attrs;
  const y = output([...indices.shape, depth], dtype);
  const element = elementOf(dtype);
  const program = shader(`oneHot ${element}`, () => ({
    inputs: { indices: 'i32' },
    outputs: { y: element },
    params: { ...each(['count', 'depth'], 'u32'), ...each(['on', 'off'], element) },
    workgroup: [WORKGROUP],
    body: `
  if (index < p.count) { y[index] = select(p.off, p.on, indices[index / p.depth] == i32(index % p.depth)); }`,
  }));
  const count = util.sizeFromShape(indices.shape) * depth;
  const params = { count, depth, on: onValue, off: offValue };
  run(program, { indices, y }, params, flatGroups(count, WORKGROUP));
  return y;
});

export const gatherKernels: readonly KernelConfig[] = [gatherV2, gatherNd, oneHot];
