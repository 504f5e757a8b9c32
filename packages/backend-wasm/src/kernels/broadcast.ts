import { backend_util } from '@tensorflow/tfjs-core';

/** One axis of the result, with how far each operand moves along it (0 where it is repeated). */
interface Axis {
  size: number;
  a: number;
  b: number;
}

/** How two operands are walked to make a result in order. */
export interface BroadcastPlan {
  shape: number[];
  /** All axes but the two innermost, outermost first. */
  outer: Axis[];
  /** The two innermost axes (of size 1 where there are fewer). */
  rows: Axis;
  columns: Axis;
}

/**
 * Broadcasting by strides. Axes along which both operands move as one are merged, so that equal shapes, a scalar, a per-channel
 * vector and a per-sample matrix all end in two nested loops.
 *
 * @throws where the shapes do not broadcast, as the stock kernels do.
 */
export function planBroadcast(aShape: readonly number[], bShape: readonly number[]): BroadcastPlan {
  const none = { size: 1, a: 0, b: 0 };
  if (aShape.length === bShape.length && aShape.every((size, i) => size === bShape[i])) {
    const size = aShape.reduce((product, length) => product * length, 1);
    return { shape: [...aShape], outer: [], rows: none, columns: { size, a: 1, b: 1 } };
  }
  const shape = backend_util.assertAndGetBroadcastShape([...aShape], [...bShape]);
  const merged: Axis[] = [];
  let a = 1;
  let b = 1;
  for (let i = 1; i <= shape.length; i++) {
    const size = shape.at(-i)!;
    const aSize = aShape.at(-i) ?? 1;
    const bSize = bShape.at(-i) ?? 1;
    const axis = { size, a: aSize === 1 ? 0 : a, b: bSize === 1 ? 0 : b };
    a *= aSize;
    b *= bSize;
    if (size === 1) continue;
    const inner = merged.at(-1);
    if (inner && axis.a === inner.a * inner.size && axis.b === inner.b * inner.size) inner.size *= size;
    else merged.push(axis);
  }
  const [columns = none, rows = none, ...outer] = merged;
  return { shape, outer: outer.reverse(), rows, columns };
}

/** Calls `visit` with where each operand and the result stand, for every position of the outer axes in order. */
export function eachBlock(plan: BroadcastPlan, visit: (a: number, b: number, at: number) => void): void {
  const { outer, rows, columns } = plan;
  const block = rows.size * columns.size;
  const blocks = outer.reduce((count, axis) => count * axis.size, 1);
  const position = new Array<number>(outer.length).fill(0);
  let a = 0;
  let b = 0;
  for (let i = 0; i < blocks; i++) {
    visit(a, b, i * block);
    for (let k = outer.length - 1; k >= 0; k--) {
      const axis = outer[k]!;
      a += axis.a;
      b += axis.b;
      position[k]!++;
      if (position[k]! < axis.size) break;
      a -= axis.a * axis.size;
      b -= axis.b * axis.size;
      position[k] = 0;
    }
  }
}
