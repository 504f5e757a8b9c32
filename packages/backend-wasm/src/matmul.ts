import { CrlnError, type Triple } from '@crln/core';
import { gather } from './conv/gather.js';
import type { Plan } from './conv/plan.js';
import { filterSums } from './conv/sums.js';
import { engine } from './engine.js';

interface Sizes {
  /** Rows of the product, length of the sums, columns of the product. */
  m: number;
  k: number;
  n: number;
  /** How many products; either operand may hold one matrix that serves all of them. Default 1. */
  batch?: number;
  /** `a` is stored [k, m]. */
  transposeA?: boolean;
  /** `b` is stored [n, k]. */
  transposeB?: boolean;
  /** Who asks, for error messages. */
  kernel?: string;
}

export interface MatmulOptions extends Sizes {
  /** [n], added to every row. */
  bias?: Float32Array | undefined;
}

/** Longest sum taken in one go; longer ones are summed in parts, which keeps the float32 error small. */
const MAX_SUM = 4096;

/**
 * Batched matrix product in WebAssembly: c[i] = a[i]·b[i] + bias, row-major, a [m, k], b [k, n], c [m, n].
 *
 * @returns [batch, m, n], a new array
 * @throws CrlnError `invalid-shape` where an array's length is not a whole number of matrices; `out-of-memory`
 */
export function matmul(a: Float32Array, b: Float32Array, options: MatmulOptions): Float32Array {
  const { heap } = engine();
  const { m, n, batch = 1, kernel = 'matmul' } = options;
  return heap.call(() => {
    const place = (values: Float32Array) => {
      const there = heap.floats(values.length, { kernel, shape: [values.length] });
      there.set(values);
      return there;
    };
    const c = heap.floats(batch * m * n, { kernel, shape: [batch, m, n] });
    multiply(place(a), place(b), c, { ...options, bias: options.bias && place(options.bias) });
    return c.slice();
  });
}

/** The same for arrays that lie in the shared memory, inside a kernel call; fills `c`. */
export function multiply(a: Float32Array, b: Float32Array, c: Float32Array, options: MatmulOptions): void {
  const { k, n, transposeA = false, transposeB = false, bias, kernel = 'matmul' } = options;
  let { m, batch = 1 } = options;
  checkLength('a', a.length, m * k, batch, kernel);
  checkLength('b', b.length, k * n, batch, kernel);
  if (c.length === 0) return;
  if (b.length === k * n && a.length === batch * m * k && !transposeA) {
    // One right-hand side for all: the batches are just more rows.
    m *= batch;
    batch = 1;
  }
  const purpose = { kernel, shape: [batch, m, k, n] };
  for (let i = 0; i < batch; i++) {
    const left = matrix(a, i, m * k);
    const right = matrix(b, i, k * n);
    const out = c.byteOffset + i * m * n * 4;
    if (k > MAX_SUM) {
      // A sum of outer products: the filter gradient's kernel, with rows of a and b as the voxels, adds up chunk by chunk.
      filterSums({
        kernel,
        plan: rowsPlan(k),
        batch: 1,
        source: { at: transposeA ? left : transposed(left, m, k), size: [k, 1, 1], channels: m },
        gradient: { at: transposeB ? transposed(right, n, k) : right, channels: n },
        depthwise: false,
        result: out,
      });
      if (bias) addToRows(new Float32Array(c.buffer, out, m * n), bias);
    } else {
      gather({
        kernel,
        plan: rowsPlan(m),
        batch: 1,
        source: { at: transposeA ? transposed(left, k, m) : left, size: [m, 1, 1], channels: k },
        result: { at: out, size: [m, 1, 1], channels: n },
        bias: bias?.byteOffset,
        filter: right,
        filterStrides: { tap: 0, source: transposeB ? 1 : n, result: transposeB ? k : 1 },
      });
    }
  }

  /** [rows, columns] to [columns, rows]. */
  function transposed(at: number, rows: number, columns: number): number {
    const { heap, kernels } = engine();
    const to = heap.take(rows * columns * 4, purpose);
    kernels.transpose(at, to, rows, columns);
    return to;
  }
}

/** Rows of a matrix as voxels of a 1×1×1 convolution. */
function rowsPlan(rows: number): Plan {
  const count: Triple = [rows, 1, 1];
  const taps = [{ offset: [0, 0, 0] as Triple, index: 0 }];
  return {
    passes: [{ count, start: [0, 0, 0], taps }],
    stride: [1, 1, 1],
    step: [1, 1, 1],
    low: [0, 0, 0],
    reach: [1, 1, 1],
    count,
  };
}

function addToRows(c: Float32Array, bias: Float32Array): void {
  for (let i = 0; i < c.length; i++) c[i]! += bias[i % bias.length]!;
}

/** Where matrix i begins. */
const matrix = (values: Float32Array, i: number, size: number): number =>
  values.byteOffset + (values.length > 0 ? (i * size) % values.length : 0) * 4;

function checkLength(name: string, length: number, size: number, batch: number, kernel: string): void {
  if (length === size || length === batch * size || (length % size === 0 && batch % (length / size) === 0)) return;
  throw new CrlnError(
    'invalid-shape',
    `${kernel}: ${name} has ${length} elements, expected ${size} or ${batch} × ${size}`,
    {
      kernel,
      name,
      length,
      expected: batch * size,
    },
  );
}
