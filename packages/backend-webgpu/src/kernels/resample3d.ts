import { KERNELS, type SparseMatrix } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel, type Operand } from '../kernelConfig.js';
import { type Lane, laneOf } from './lanes.js';
import { expectTypes } from './operandTypes.js';

const WORKGROUP = 256;

/** One axis of [outer, columns, inner] multiplied by a matrix. Its table has where each row's entries begin, then (column, weight). */
const MULTIPLY = (element: Lane) =>
  shader(`resample ${element}`, () => ({
    inputs: { x: element, table: 'u32' },
    outputs: { y: element },
    params: { elements: 'u32', inner: 'u32', rows: 'u32', columns: 'u32', starts: 'u32', entries: 'u32' },
    workgroup: [WORKGROUP],
    body: `
  if (index >= p.elements) { return; }
  let place = index / p.inner;
  let row = place % p.rows;
  let source = place / p.rows * p.columns * p.inner + index % p.inner;
  var sum = ${element}(0);
  for (var k = table[p.starts + row]; k < table[p.starts + row + 1u]; k++) {
    let entry = p.entries + 2u * k;
    sum += bitcast<f32>(table[entry + 1u]) * x[source + table[entry] * p.inner];
  }
  y[index] = sum;`,
  }));

const rowsOf = ({ starts }: SparseMatrix): number => starts.length - 1;

const isIdentity = (matrix: SparseMatrix, size: number): boolean =>
  rowsOf(matrix) === size &&
  matrix.columns.length === size &&
  matrix.columns.every((column, k) => column === k && matrix.starts[k] === k && matrix.weights[k] === 1);

/** The matrices one after the other, as {@link MULTIPLY} reads them, and where the parts of each begin. */
function tablesOf(matrices: readonly SparseMatrix[]) {
  const words: number[] = [];
  const places = matrices.map((matrix) => {
    const starts = words.length;
    for (const start of matrix.starts) words.push(start);
    const entries = words.length;
    const bits = new Uint32Array(Float32Array.from(matrix.weights).buffer);
    matrix.columns.forEach((column, k) => {
      words.push(column, bits[k]!);
    });
    return { starts, entries };
  });
  return { table: Uint32Array.from(words), places };
}

/** D, H and W of every sample multiplied by a sparse matrix each, those that shrink first. */
const resample = defineKernel<{ x: TensorInfo }, { matrices: readonly [SparseMatrix, SparseMatrix, SparseMatrix] }>(
  KERNELS.Resample3d,
  ({ inputs: { x }, attrs: { matrices }, output, alias, scratch, table, run }) => {
    expectTypes(KERNELS.Resample3d, { x }, []);
    const size = [...x.shape];
    const axes = [0, 1, 2]
      .map((a) => ({ axis: a + 1, matrix: matrices[a as 0 | 1 | 2], from: size[a + 1]! }))
      .filter(({ matrix, from }) => !isIdentity(matrix, from))
      .sort((a, b) => rowsOf(a.matrix) / a.from - rowsOf(b.matrix) / b.from);
    if (axes.length === 0) return alias(x, x.shape);
    const tables = tablesOf(axes.map(({ matrix }) => matrix));
    const words = table(tables.table);
    const shape = size.map((n, i) => (i > 0 && i < 4 ? rowsOf(matrices[(i - 1) as 0 | 1 | 2]) : n));
    const y = output(shape);
    let source: Operand = x;
    axes.forEach(({ axis, matrix, from }, i) => {
      size[axis] = rowsOf(matrix);
      const inner = util.sizeFromShape(size.slice(axis + 1));
      const elements = util.sizeFromShape(size);
      const lane = laneOf(inner) === 'f32' ? 1 : 4;
      const target = i === axes.length - 1 ? y : scratch(elements);
      run(
        MULTIPLY(laneOf(inner)),
        { x: source, table: words, y: target },
        { elements: elements / lane, inner: inner / lane, rows: size[axis], columns: from, ...tables.places[i]! },
        flatGroups(elements / lane, WORKGROUP),
      );
      source = target;
    });
    return y;
  },
);

export const resampleKernels: readonly KernelConfig[] = [resample];
