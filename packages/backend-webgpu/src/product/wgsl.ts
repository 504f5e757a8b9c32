import type { Element } from '../gpu/shader.js';

/** Vectors of four where every line has a whole number of them. */
export const elementOf = (wide: boolean): Element => (wide ? 'vec4<f32>' : 'f32');

/**
 * An array's element where a condition holds, else 0. Without a branch, so that several loads are on their way at once; hence conditions
 * are joined by `&`, since `&&` is one. (Of a few dozen of them SwiftShader makes gigabytes of code.)
 */
export const chosen = (array: string, index: string, condition: string, wide: boolean): string =>
  `select(${elementOf(wide)}(), ${array}[select(0u, ${index}, ${condition})], ${condition})`;

/** A vector of four expressions. */
export const fourOf = (element: (i: number) => string): string => `vec4(${[0, 1, 2, 3].map(element).join(', ')})`;

/** max(x, 0) of a variable, and NaN of NaN. */
export const rectified = (x: string, wide: boolean): string => {
  const zero = `${elementOf(wide)}()`;
  return `select(max(${x}, ${zero}), ${x}, ${wide ? fourOf((i) => `isNan(${x}[${i}])`) : `isNan(${x})`})`;
};

/** What a result gets on its way out. */
export interface Finish {
  /** Whether the result's columns are a multiple of four, so that it is written in vectors. */
  wide: boolean;
  /** A `bias` of each column is added. */
  bias: boolean;
  relu: boolean;
}

/** Declares `columnCount` and `write(row, n, value)`: four neighbouring elements of row-major `y`, those that there are. */
export function writer({ wide, bias, relu }: Finish): string {
  const index = wide ? 'n' : 'column';
  const value = `${wide ? 'value' : 'value[i]'}${bias ? ` + bias[${index}]` : ''}`;
  const store = (to: string) => `let sum = ${value}; y[${to}] = ${relu ? rectified('sum', wide) : 'sum'};`;
  const body = wide
    ? `if (4u * n < columnCount) { ${store('row * (columnCount / 4u) + n')} }`
    : `for (var i = 0u; i < 4u; i++) {
    let column = 4u * n + i;
    if (column < columnCount) { ${store('row * columnCount + column')} }
  }`;
  return `
var<private> columnCount: u32;
fn write(row: u32, n: u32, value: vec4<f32>) {
  ${body}
}`;
}

/** 0 … count − 1, to write out what shall not be a loop. */
export const indices = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
