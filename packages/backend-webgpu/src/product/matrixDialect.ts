import type { Side } from './operands.js';

/** Result [M, N] += left [M, K] · right [K, N], of f16 into f32. */
export interface MatrixSize {
  M: number;
  N: number;
  K: number;
}

/**
 * How WGSL says what subgroups do with matrices. Left and right come from workgroup memory, arrays of f16 `left` and `right`, and the
 * result goes to an array of f32, `results`. Offsets and strides count elements, and are the same for all threads of a subgroup.
 */
export interface MatrixDialect {
  /** Stands for all else here in keys. */
  key: string;
  /** Extensions of WGSL. */
  enables: readonly string[];
  /** Declares the types LeftMatrix, RightMatrix and ResultMatrix. */
  declarations(size: MatrixSize): string;
  /** The number of the thread's subgroup in its workgroup. */
  subgroup: string;
  /** @param columnMajor whether `stride` is from column to column, else from row to row */
  load(side: Side, offset: string, columnMajor: boolean, stride: number): string;
  /** sum + left·right */
  multiplyAdd(left: string, right: string, sum: string): string;
  /** A statement that stores by rows. */
  store(offset: string, value: string, stride: number): string;
}

const enables = ['f16', 'subgroups', 'chromium_experimental_subgroup_matrix'];
const subgroup = 'subgroup';
const typeOf = (side: Side): string => (side === 'left' ? 'LeftMatrix' : 'RightMatrix');
const multiplyAdd = (left: string, right: string, sum: string): string =>
  `subgroupMatrixMultiplyAccumulate(${left}, ${right}, ${sum})`;

/** Sizes of a type: columns and rows, in the order of the dialect. */
type Sizes = (columns: number, rows: number) => string;
const columnsFirst: Sizes = (columns, rows) => `${columns}, ${rows}`;
const rowsFirst: Sizes = (columns, rows) => `${rows}, ${columns}`;

const types =
  (sizes: Sizes) =>
  ({ M, N, K }: MatrixSize): string =>
    `
alias LeftMatrix = subgroup_matrix_left<f16, ${sizes(K, M)}>;
alias RightMatrix = subgroup_matrix_right<f16, ${sizes(N, K)}>;
alias ResultMatrix = subgroup_matrix_result<f32, ${sizes(N, M)}>;`;

/** The order of a matrix in memory is a parameter of the template. */
const named = (key: string, sizes: Sizes): MatrixDialect => ({
  ...{ key, enables, subgroup, multiplyAdd, declarations: types(sizes) },
  load: (side, offset, columnMajor, stride) =>
    `subgroupMatrixLoad<${typeOf(side)}, ${columnMajor ? 'col_major' : 'row_major'}>(&${side}, ${offset}, ${stride}u)`,
  store: (offset, value, stride) => `subgroupMatrixStore<row_major>(&results, ${offset}, ${value}, ${stride}u);`,
});

/**
 * The dialects of an extension that is not settled yet, in the order in which a device is asked for them: that of npm's `webgpu` 0.6,
 * that of Chromium 153, where types name their rows first, and that of older ones, where the order in memory is an argument.
 */
export const matrixDialects: readonly MatrixDialect[] = [
  named('columns', columnsFirst),
  named('rows', rowsFirst),
  {
    ...{ key: 'argument', enables, subgroup, multiplyAdd, declarations: types(columnsFirst) },
    load: (side, offset, columnMajor, stride) =>
      `subgroupMatrixLoad<${typeOf(side)}>(&${side}, ${offset}, ${columnMajor}, ${stride}u)`,
    store: (offset, value, stride) => `subgroupMatrixStore(&results, ${offset}, ${value}, false, ${stride}u);`,
  },
];
