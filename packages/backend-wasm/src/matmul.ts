import { CrlnError } from '@crln/core';
import { type Engine, engine } from './engine.js';
import { CHUNK, paddedChannels, TABLE_FLOATS } from './wasmKernels.js';

export interface MatmulOptions {
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
  /** [n], added to every row. */
  bias?: Float32Array | undefined;
  /** Who asks, for error messages. */
  kernel?: string;
}

/** Longest sum taken in one go; longer ones are summed in parts, which keeps the float32 error small. */
const MAX_SUM = 4096;
const SLAB_FLOATS = 1 << 21;

/**
 * Batched matrix product in WebAssembly: c[i] = a[i]·b[i] + bias, row-major, a [m, k], b [k, n], c [m, n].
 *
 * @returns [batch, m, n], a new array
 * @throws CrlnError `invalid-shape` where an array's length is not a whole number of matrices; `out-of-memory`
 */
export function matmul(a: Float32Array, b: Float32Array, options: MatmulOptions): Float32Array {
  const { k, n, transposeA = false, transposeB = false, bias, kernel = 'matmul' } = options;
  let { m, batch = 1 } = options;
  checkLength('a', a.length, m * k, batch, kernel);
  checkLength('b', b.length, k * n, batch, kernel);
  if (b.length === k * n && a.length === batch * m * k && !transposeA) {
    // One right-hand side for all: the batches are just more rows.
    m *= batch;
    batch = 1;
  }
  const c = new Float32Array(batch * m * n);
  if (c.length === 0) return c;
  const product: Product = { m, k, n, transposeB, kernel, purpose: { kernel, shape: [batch, m, k, n] } };
  const running = engine();
  for (let i = 0; i < batch; i++) {
    const left = matrix(a, i, m * k);
    const right = matrix(b, i, k * n);
    const out = c.subarray(i * m * n, (i + 1) * m * n);
    try {
      // Long sums come out more exact as a sum of outer products, chunk by chunk; short ones are faster as rows.
      if (transposeA && !transposeB && k > MAX_SUM) sumOfOuterProducts(running, left, right, product, out);
      else if (transposeA) rowsTimesMatrix(running, transposed(running, left, product), right, product, out);
      else rowsTimesMatrix(running, left, right, product, out);
    } finally {
      running.arena.reset();
    }
  }
  if (bias) for (let i = 0; i < c.length; i++) c[i]! += bias[i % n]!;
  return c;
}

interface Product {
  m: number;
  k: number;
  n: number;
  transposeB: boolean;
  kernel: string;
  purpose: { kernel: string; shape: number[] };
}

/** a is [m, k], or where it lies in the arena: the convolution kernel with one tap, a run being (part of) a row. */
function rowsTimesMatrix(
  { arena, kernels }: Engine,
  a: Float32Array | number,
  b: Float32Array,
  p: Product,
  out: Float32Array,
): void {
  const { m, k, n, transposeB, purpose } = p;
  const columns = paddedChannels(n);
  const table = arena.take(TABLE_FLOATS, purpose);
  const tap = arena.putInts(Int32Array.of(0), purpose);
  const zero = arena.take(columns, purpose);
  arena.floats.fill(0, zero >> 2, (zero >> 2) + columns);
  const part = Math.min(k, MAX_SUM);
  const weights = arena.take(part * columns, purpose);
  const right = arena.put(b, purpose);
  const rows = Math.max(1, Math.min(m, Math.floor(SLAB_FLOATS / (k + n))));
  const slab = typeof a === 'number' ? 0 : arena.take(rows * k, purpose);
  const y = arena.take(rows * n, purpose);
  for (let k0 = 0; k0 < k; k0 += part) {
    const run = Math.min(part, k - k0);
    const from = right + (transposeB ? k0 : k0 * n) * 4;
    kernels.packFilter(from, weights, tap, 1, run, n, 0, transposeB ? 1 : n, transposeB ? k : 1);
    for (let r0 = 0; r0 < m; r0 += rows) {
      const count = Math.min(rows, m - r0);
      const x = typeof a === 'number' ? a + r0 * k * 4 : slab;
      if (typeof a !== 'number') arena.floats.set(a.subarray(r0 * k, (r0 + count) * k), x >> 2);
      kernels.conv(x + k0 * 4, weights, zero, y, tap, 1, run, n, 0, 1, 1, count, 0, 0, k * 4, 0, 0, n * 4, table);
      const result = arena.floats.subarray(y >> 2, (y >> 2) + count * n);
      if (k0 === 0) out.set(result, r0 * n);
      else for (let i = 0; i < result.length; i++) out[r0 * n + i]! += result[i]!;
    }
  }
}

/** a is [k, m] and b [k, n]: the filter gradient's kernel, with rows of a and b as the voxels. */
function sumOfOuterProducts(
  { arena, kernels }: Engine,
  a: Float32Array,
  b: Float32Array,
  p: Product,
  out: Float32Array,
): void {
  const { m, k, n, purpose } = p;
  const columns = paddedChannels(n);
  const paddedRows = Math.ceil(m / 4) * 4;
  const table = arena.take(TABLE_FLOATS, purpose);
  const tap = arena.putInts(Int32Array.of(0), purpose);
  const sums = arena.take(paddedRows * columns, purpose);
  arena.floats.fill(0, sums >> 2, (sums >> 2) + paddedRows * columns);
  const packed = arena.take(CHUNK * columns, purpose);
  const rows = Math.max(1, Math.min(k, Math.floor(SLAB_FLOATS / (m + n))));
  const x = arena.take(rows * m, purpose);
  const y = arena.take(rows * n, purpose);
  for (let r0 = 0; r0 < k; r0 += rows) {
    const count = Math.min(rows, k - r0);
    arena.floats.set(a.subarray(r0 * m, (r0 + count) * m), x >> 2);
    arena.floats.set(b.subarray(r0 * n, (r0 + count) * n), y >> 2);
    kernels.filterGrad(x, y, sums, tap, 1, m, n, 0, 1, 1, count, 0, 0, m * 4, table, packed);
  }
  const result = arena.take(m * n, purpose);
  kernels.unpackSums(sums, result, 1, m, paddedRows, n, columns);
  out.set(arena.floats.subarray(result >> 2, (result >> 2) + m * n));
}

/** [k, m] to [m, k], which stays in the arena. */
function transposed({ arena, kernels }: Engine, a: Float32Array, { m, k, purpose }: Product): number {
  const to = arena.take(m * k, purpose);
  const mark = arena.mark;
  kernels.transpose(arena.put(a, purpose), to, k, m);
  arena.reset(mark);
  return to;
}

const matrix = (values: Float32Array, i: number, size: number): Float32Array => {
  const start = (i * size) % values.length;
  return values.subarray(start, start + size);
};

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
