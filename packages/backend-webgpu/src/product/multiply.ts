import type { TensorInfo } from '@tensorflow/tfjs-core';
import { matrix } from './operands.js';
import { type Recording, runProduct } from './run.js';
import type { Arrangement } from './template.js';

/** One of the two matrices of a product. */
interface Factor {
  tensor: TensorInfo;
  /** Whether it is stored with its axes swapped: a as [inner, rows], b as [columns, inner]. */
  transposed: boolean;
}

/** Products of matrices: result[i] = a[i]·b[i] + bias, row-major, a [rows, inner], b [inner, columns]. */
export interface Multiplication {
  a: Factor;
  b: Factor;
  rows: number;
  inner: number;
  columns: number;
  /** Sizes of up to four axes of products, and by how many elements each moves in a and b; by default there is one product. */
  batch?: readonly BatchAxis[];
  /** [columns], added to every row. */
  bias?: TensorInfo | undefined;
  relu?: boolean;
}

export interface BatchAxis {
  size: number;
  a: number;
  b: number;
}

const AXES = 4;

/** Records matrix products into `result` [batch axes, rows, columns]. */
export function multiply(call: Recording, job: Multiplication, result: TensorInfo): void {
  const { a, b, rows, inner, columns, batch = [], bias, relu = false } = job;
  const count = batch.reduce((product, { size }) => product * size, 1);
  const left = matrix('left', a.transposed ? 'outer' : 'inner', (a.transposed ? rows : inner) % 4 === 0);
  const right = matrix('right', b.transposed ? 'inner' : 'outer', (b.transposed ? inner : columns) % 4 === 0);
  const params: Record<string, number> = { rows, inner };
  for (let axis = 0; batch.length > 0 && axis < AXES; axis++) {
    const { size, a, b } = batch[axis] ?? { size: 1, a: 0, b: 0 };
    Object.assign(params, { [`size${axis}`]: size, [`a${axis}`]: a, [`b${axis}`]: b });
  }
  const product = {
    ...{ rows, inner, columns, count, params, bias, relu },
    left: { operand: left, tensor: a.tensor },
    right: { operand: right, tensor: b.tensor },
    arrangement: batch.length > 0 ? MANY : ONE,
  };
  runProduct(call, product, result);
}

const TILE = `
  let column0 = tile % p.columnTiles * COLUMNS;
  let row0 = tile / p.columnTiles % p.rowTiles * ROWS;
  let inner = p.inner;
  rowCount = p.rows;
  innerCount = p.inner;`;

/** One matrix product, in tiles along the columns and then the rows. */
const ONE: Arrangement = {
  key: 'one',
  params: { rows: 'u32', inner: 'u32', rowTiles: 'u32' },
  declarations: 'fn place(row: u32) -> u32 { return row; }',
  prologue: TILE,
};

const axes = Array.from({ length: AXES }, (_, axis) => axis);

/** Matrix products behind each other, whose operands lie at strides of their own. */
const MANY: Arrangement = {
  key: 'many',
  params: {
    ...ONE.params,
    ...Object.fromEntries(axes.flatMap((i) => [`size${i}`, `a${i}`, `b${i}`].map((name) => [name, 'u32' as const]))),
  },
  declarations: `
var<private> firstRow: u32;
fn place(row: u32) -> u32 { return firstRow + row; }`,
  prologue: `${TILE}
  var number = tile / p.columnTiles / p.rowTiles;
  firstRow = number * p.rows;
  ${axes
    .toReversed()
    .map(
      (i) =>
        `leftBase += number % p.size${i} * p.a${i}; rightBase += number % p.size${i} * p.b${i}; number /= p.size${i};`,
    )
    .join('\n  ')}`,
};
