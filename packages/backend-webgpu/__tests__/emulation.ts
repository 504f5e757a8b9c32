import type { MatrixSize } from '../src/product/matrixDialect.js';
import type { MatrixUnit } from '../src/product/matrixUnit.js';

/**
 * A unit of these sizes for devices without matrices of subgroups, in WGSL that every device with f16 understands. Only what a dialect
 * says is emulated; all else is the kernels' own code. A thread has four neighbouring elements of a result; of the other matrices it
 * only notes where they are, and reads them where they are multiplied, which must hence be before they are overwritten.
 */
export function emulated({ M, N, K }: MatrixSize): MatrixUnit {
  const subgroup = (M * N) / 4;
  const lane = `(thread % ${subgroup}u)`;
  const type = { left: 'LeftMatrix', right: 'RightMatrix' };
  const struct = (name: string) => `struct ${name} { offset: u32, columnMajor: bool, stride: u32 }`;
  const element = (matrix: string, row: string, column: string) =>
    `${matrix}.offset + select(${row} * ${matrix}.stride + ${column}, ${column} * ${matrix}.stride + ${row}, ${matrix}.columnMajor)`;
  const dialect = {
    key: 'emulated',
    enables: ['f16'],
    subgroup: `(thread / ${subgroup}u)`,
    declarations: () => `
${struct('LeftMatrix')}
${struct('RightMatrix')}
alias ResultMatrix = vec4<f32>;
fn multiplyAdd(a: LeftMatrix, b: RightMatrix, sum: ResultMatrix, lane: u32) -> ResultMatrix {
  let row = 4u * lane / ${N}u;
  let column = 4u * lane % ${N}u;
  var result = sum;
  // A product has at least one tile: compilers do not know, and keep these loops.
  let one = min(p.tiles, 1u);
  for (var k = 0u; k < ${K}u * one; k++) {
    for (var i = 0u; i < 4u * one; i++) {
      result[i] += f32(left[${element('a', 'row', 'k')}]) * f32(right[${element('b', 'k', '(column + i)')}]);
    }
  }
  return result;
}
fn storeResult(offset: u32, value: ResultMatrix, stride: u32, lane: u32) {
  for (var i = 0u; i < 4u; i++) { results[offset + 4u * lane / ${N}u * stride + 4u * lane % ${N}u + i] = value[i]; }
}`,
    load: (side: 'left' | 'right', offset: string, columnMajor: boolean, stride: number) =>
      `${type[side]}(${offset}, ${columnMajor}, ${stride}u)`,
    multiplyAdd: (left: string, right: string, sum: string) => `multiplyAdd(${left}, ${right}, ${sum}, ${lane})`,
    store: (offset: string, value: string, stride: number) => `storeResult(${offset}, ${value}, ${stride}u, ${lane});`,
  };
  return { M, N, K, subgroup, dialect };
}
