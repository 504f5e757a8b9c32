import type { Numbers } from './typedArrays.js';

/** How far the operands move along an axis of `size`. */
interface Step {
  size: number;
  a: number;
  b: number;
}

/**
 * Fills `rows.size × columns.size` elements of `y` from `at` on, reading `a` from `i0` and `b` from `j0`.
 *
 * Each operation has its own loop, all alike: a loop that called the operation as a function would be compiled once for all of
 * them, with a real call for each element.
 */
type BinaryLoop = (
  a: Numbers,
  i0: number,
  b: Numbers,
  j0: number,
  y: Numbers,
  at: number,
  rows: Step,
  columns: Step,
) => void;

/** Results in the type of the first operand. */
export const arithmetic: Readonly<Record<string, BinaryLoop>> = {
  Add(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b) y[at] = a[i]! + b[j]!;
    }
  },
  Sub(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b) y[at] = a[i]! - b[j]!;
    }
  },
  Multiply(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b) y[at] = a[i]! * b[j]!;
    }
  },
  RealDiv(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b) y[at] = a[i]! / b[j]!;
    }
  },
  Maximum(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b)
        y[at] = Math.max(a[i]!, b[j]!);
    }
  },
  Minimum(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b)
        y[at] = Math.min(a[i]!, b[j]!);
    }
  },
  SquaredDifference(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b)
        y[at] = (a[i]! - b[j]!) * (a[i]! - b[j]!);
    }
  },
};

/**
 * The commonest operations where operands and result have one shape: four elements at a time, which takes half the time that the
 * strides of the general loops do.
 */
export const alike: Readonly<Record<string, (a: Numbers, b: Numbers, y: Numbers) => void>> = {
  Add(a, b, y) {
    const fours = y.length - (y.length % 4);
    for (let i = 0; i < fours; i += 4) {
      y[i] = a[i]! + b[i]!;
      y[i + 1] = a[i + 1]! + b[i + 1]!;
      y[i + 2] = a[i + 2]! + b[i + 2]!;
      y[i + 3] = a[i + 3]! + b[i + 3]!;
    }
    for (let i = fours; i < y.length; i++) y[i] = a[i]! + b[i]!;
  },
  Multiply(a, b, y) {
    const fours = y.length - (y.length % 4);
    for (let i = 0; i < fours; i += 4) {
      y[i] = a[i]! * b[i]!;
      y[i + 1] = a[i + 1]! * b[i + 1]!;
      y[i + 2] = a[i + 2]! * b[i + 2]!;
      y[i + 3] = a[i + 3]! * b[i + 3]!;
    }
    for (let i = fours; i < y.length; i++) y[i] = a[i]! * b[i]!;
  },
};

/** Results in bool; `+` of a comparison makes no branch, where `? 1 : 0` does. */
export const comparison: Readonly<Record<string, BinaryLoop>> = {
  Greater(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b) y[at] = +(a[i]! > b[j]!);
    }
  },
  GreaterEqual(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b) y[at] = +(a[i]! >= b[j]!);
    }
  },
  Less(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b) y[at] = +(a[i]! < b[j]!);
    }
  },
  LessEqual(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b) y[at] = +(a[i]! <= b[j]!);
    }
  },
  Equal(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b) y[at] = +(a[i]! === b[j]!);
    }
  },
  NotEqual(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b) y[at] = +(a[i]! !== b[j]!);
    }
  },
  LogicalAnd(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b) y[at] = a[i]! & b[j]!;
    }
  },
  LogicalOr(a, i0, b, j0, y, at, rows, columns) {
    for (let r = 0; r < rows.size; r++) {
      let i = i0 + r * rows.a;
      let j = j0 + r * rows.b;
      for (const end = at + columns.size; at < end; at++, i += columns.a, j += columns.b) y[at] = a[i]! | b[j]!;
    }
  },
};
