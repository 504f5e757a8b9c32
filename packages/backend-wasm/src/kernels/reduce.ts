import { backend_util, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { unitCount } from '../units.js';
import { type Summable, summable } from './cast.js';
import { MiddleAxis } from './middleAxis.js';
import { permute } from './transpose.js';

/** A tensor seen as [outer, reduced, inner], and the shape of what is left. */
interface Reduction {
  x: Summable;
  outer: number;
  reduced: number;
  inner: number;
  shape: number[];
}

type Call = Pick<KernelCall<unknown, unknown>, 'resident' | 'room'>;

/** Brings the reduced axes together, by a transposition only where kept axes lie between them. */
function reduction(
  { room }: Call,
  x: Summable,
  shape: number[],
  axis: number | number[],
  keepDims: boolean,
): Reduction {
  const axes = util.parseAxisParam(axis, shape);
  const kept = shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const rest = kept.map((i) => shape[i]!);
  const left = keepDims ? backend_util.expandShapeToKeepDim(rest, axes) : rest;
  const first = Math.min(...axes, shape.length);
  const last = Math.max(...axes, first - 1);
  // Axes of size 1 count as reduced: they change nothing.
  if (kept.every((i) => i < first || i > last || shape[i] === 1)) {
    const [outer, reduced, inner] = [shape.slice(0, first), shape.slice(first, last + 1), shape.slice(last + 1)].map(
      util.sizeFromShape,
    ) as [number, number, number];
    return { x, outer, reduced, inner, shape: left };
  }
  const moved = room(shape, x instanceof Int32Array ? 'int32' : 'float32');
  permute(x, shape, [...kept, ...axes], moved);
  const reduced = util.sizeFromShape(axes.map((i) => shape[i]!));
  return { x: moved, outer: util.sizeFromShape(rest), reduced, inner: 1, shape: left };
}

interface SumAttrs {
  axis: number | number[];
  keepDims: boolean;
}

/** Σ in float64; of int32 and bool an int32. */
const sum = defineKernel<{ x: TensorInfo }, SumAttrs>('Sum', (call) => {
  const { inputs, attrs, room, output, stock } = call;
  const x = summable(call, inputs.x);
  if (!x) return stock();
  const r = reduction(call, x, inputs.x.shape, attrs.axis, attrs.keepDims);
  const dtype = x instanceof Int32Array ? 'int32' : 'float32';
  const y = room(r.shape, dtype);
  new MiddleAxis('Sum', r.x, r.outer, r.reduced, r.inner).sum(y);
  return output(r.shape, y, dtype);
});

/** Always float32, as the stock kernel. */
const mean = defineKernel<{ x: TensorInfo }, SumAttrs>('Mean', (call) => {
  const { inputs, attrs, floats, room, output } = call;
  const r = reduction(call, floats(inputs.x), inputs.x.shape, attrs.axis, attrs.keepDims);
  const y = room(r.shape);
  new MiddleAxis('Mean', r.x, r.outer, r.reduced, r.inner).sum(y, r.reduced);
  return output(r.shape, y);
});

const max = defineKernel<{ x: TensorInfo }, { reductionIndices: number | number[]; keepDims: boolean }>(
  'Max',
  (call) => {
    const { inputs, attrs, room, output, stock } = call;
    const { shape, dtype } = inputs.x;
    const x = summable(call, inputs.x);
    if (!x) return stock();
    const r = rowsOf(call, reduction(call, x, shape, attrs.reductionIndices, attrs.keepDims));
    const largest = room(r.shape, x instanceof Int32Array ? 'int32' : 'float32');
    const ints = +(x instanceof Int32Array);
    // A long row by parts, then the parts.
    const parts = Math.max(1, Math.min(unitCount(r.reduced), r.reduced));
    const partial = parts > 1 ? room([r.outer, parts]) : largest;
    const units = Math.max(1, Math.min(unitCount(r.x.length), r.outer * parts));
    engine().run('maxima', units, r.x.byteOffset, partial.byteOffset, ints, r.outer, r.reduced, parts, units);
    if (parts > 1) engine().run('maxima', 1, partial.byteOffset, largest.byteOffset, ints, r.outer, parts, 1, 1);
    if (dtype !== 'bool') return output(r.shape, largest, dtype);
    const y = room(r.shape, dtype);
    y.set(largest);
    return output(r.shape, y, dtype);
  },
);

/** Where the first of the largest stands; a NaN is never larger. */
const argMax = defineKernel<{ x: TensorInfo }, { axis: number }>('ArgMax', (call) => {
  const { inputs, attrs, room, output, stock } = call;
  const x = summable(call, inputs.x);
  if (!x) return stock();
  const axis = util.parseAxisParam(attrs.axis, inputs.x.shape)[0]!;
  const r = rowsOf(call, reduction(call, x, inputs.x.shape, axis, false));
  const y = room(r.shape, 'int32');
  const units = Math.max(1, Math.min(unitCount(r.x.length), r.outer));
  const ints = +(x instanceof Int32Array);
  engine().run('argMax', units, r.x.byteOffset, y.byteOffset, ints, r.outer, r.reduced, units);
  return output(r.shape, y, 'int32');
});

/** The reduced axis as the innermost one. */
function rowsOf({ room }: Call, r: Reduction): Reduction {
  const { x, outer, reduced, inner } = r;
  if (inner === 1) return r;
  const rows = room([x.length], x instanceof Int32Array ? 'int32' : 'float32');
  permute(x, [outer, reduced, inner], [0, 2, 1], rows);
  return { ...r, x: rows, outer: outer * inner, inner: 1 };
}

export const reduceKernels: readonly KernelConfig[] = [sum, mean, max, argMax];
