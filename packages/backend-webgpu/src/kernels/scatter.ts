import { KERNELS } from '@crln/core';
import { backend_util, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, type Shader, shader } from '../gpu/shader.js';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { elementOf } from './elementwise.js';
import { fillWith } from './fill.js';
import { checkIndices } from './indices.js';
import { each } from './parameters.js';
import { sortedRows } from './sortedRows.js';

type Call = Pick<KernelCall<unknown, unknown>, 'output' | 'run' | 'scratch' | 'known'>;

const WORKGROUP = 256;
/** Entries that are added one by one; of a longer run for the same row, sums of so many. */
const PART = 64;

/** WGSL of an entry's value in a column. */
const entryValue = 'values[places[entry] * p.width + column]';

/** heads [parts, width]: of each part of the sorted entries, the sum of those that have the row of its first. */
const headSums = (type: 'f32' | 'i32'): Shader =>
  shader(`scatter heads ${type}`, () => ({
    inputs: { values: type, rows: 'u32', places: 'u32' },
    outputs: { heads: type },
    params: each(['given', 'parts', 'width'], 'u32'),
    workgroup: [WORKGROUP],
    body: `
  if (index >= p.parts * p.width) { return; }
  let column = index % p.width;
  let first = index / p.width * ${PART}u;
  var total = ${type}();
  for (var entry = first; entry < min(first + ${PART}u, p.given) && rows[entry] == rows[first]; entry++) {
    total += ${entryValue};
  }
  heads[index] = total;`,
  }));

/** The sum of each run of entries for the same row, by the thread that finds its beginning: its own part, then heads of the next, by PART. */
const runSums = (type: 'f32' | 'i32'): Shader =>
  shader(`scatter runs ${type}`, () => ({
    inputs: { values: type, rows: 'u32', places: 'u32', heads: type },
    outputs: { y: type },
    params: each(['given', 'parts', 'width'], 'u32'),
    workgroup: [WORKGROUP],
    body: `
  let first = index / p.width;
  if (first >= p.given) { return; }
  let row = rows[first];
  if (row == 0xffffffffu || (first > 0 && rows[first - 1] == row)) { return; }
  let column = index % p.width;
  var part = first / ${PART}u + 1;
  var total = ${type}();
  for (var entry = first; entry < min(part * ${PART}u, p.given) && rows[entry] == row; entry++) { total += ${entryValue}; }
  while (part < p.parts && rows[part * ${PART}u] == row) {
    var some = ${type}();
    for (let end = min(part + ${PART}u, p.parts); part < end && rows[part * ${PART}u] == row; part++) {
      some += heads[part * p.width + column];
    }
    total += some;
  }
  y[row * p.width + column] = total;`,
  }));

interface Scatter {
  /** [count, width] */
  values: TensorInfo;
  /** [count, rank] */
  indices: TensorInfo;
  rank?: number;
  shape: readonly number[];
}

/** Values added to the rows of zeros that indices say; duplicates in their order, so that sums are the same every time. */
function scattered(call: Call, { values, indices, rank = 1, shape }: Scatter): TensorInfo {
  const y = call.output(shape, values.dtype);
  fillWith(call, y, 0);
  const given = util.sizeFromShape(indices.shape) / rank;
  const width = util.sizeFromShape(shape.slice(rank));
  if (given * width === 0) return y;
  const sorted = sortedRows(call, indices, given, shape.slice(0, rank));
  const parts = Math.ceil(given / PART);
  const heads = call.scratch(parts * width);
  const type = elementOf(values.dtype);
  const params = { given, parts, width };
  call.run(headSums(type), { values, ...sorted, heads }, params, flatGroups(parts * width, WORKGROUP));
  call.run(runSums(type), { values, ...sorted, heads, y }, params, flatGroups(given * width, WORKGROUP));
  return y;
}

const scatterRows = defineKernel<Record<'values' | 'indices', TensorInfo>, { rows: number }>(
  KERNELS.ScatterRows,
  (call) => {
    const { values, indices } = call.inputs;
    const { rows } = call.attrs;
    checkIndices(call, KERNELS.ScatterRows, indices, [rows]);
    return scattered(call, { values, indices, shape: [rows, values.shape.at(-1)!] });
  },
);

const scatterNd = defineKernel<Record<'indices' | 'updates', TensorInfo>, { shape: number[] }>('ScatterNd', (call) => {
  const { indices, updates } = call.inputs;
  const { shape } = call.attrs;
  const { sliceRank } = backend_util.calculateShapes(updates, indices, shape);
  checkIndices(call, 'ScatterNd', indices, shape.slice(0, sliceRank));
  return scattered(call, { values: updates, indices, rank: sliceRank, shape });
});

/** Rows of x by their segment; those of no segment are left out. The gradient of gathering. */
const unsortedSegmentSum = defineKernel<Record<'x' | 'segmentIds', TensorInfo>, { numSegments: number }>(
  'UnsortedSegmentSum',
  (call) => {
    const { x, segmentIds } = call.inputs;
    const shape = [call.attrs.numSegments, ...x.shape.slice(segmentIds.shape.length)];
    return scattered(call, { values: x, indices: segmentIds, shape });
  },
);

export const scatterKernels: readonly KernelConfig[] = [scatterRows, scatterNd, unsortedSegmentSum];
