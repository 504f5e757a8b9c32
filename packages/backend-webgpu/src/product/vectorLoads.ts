import { type Item, type Loads, sharedOut } from './loads.js';
import type { Operand, Side } from './operands.js';
import { fourOf } from './wgsl.js';

/** Terms of the sums that are in workgroup memory at a time. */
export const DEPTH = 16;

const four = [0, 1, 2, 3];

/**
 * Who loads what of `outer` rows (or columns). Workgroup memory holds the left tile as [row][groups of four terms] and the right one as
 * [term][groups of four columns]; an operand whose contiguous axis is the other one is turned in registers, in blocks of 4×4. The left
 * one's groups of a row are permuted by the row's number, so that eight neighbouring threads use all banks when they read as when they
 * write.
 */
export function vectorLoads(side: Side, { contiguous }: Operand, outer: number, threads: number): Loads {
  const turns = (side === 'left') === (contiguous === 'outer');
  const count = turns ? outer : (outer * DEPTH) / 4;
  // Neighbouring threads take neighbours along the sum on the left, and neighbouring columns on the right.
  const run =
    side === 'left' ? ({ axis: 'along', length: 4 } as const) : ({ axis: 'outside', length: outer / 4 } as const);
  return sharedOut(side, { count, threads, run }, (item) => (turns ? turned(side, item, outer) : straight(side, item)));
}

/** Four elements that lie in workgroup memory as they do in the operand. */
function straight(side: Side, { name, number, outside, along }: Item): Loads {
  const line = side === 'left' ? `row0 + ${outside}` : `column0 / 4u + ${outside}`;
  const k = side === 'left' ? `t * ${DEPTH / 4}u + ${along}` : `t * ${DEPTH}u + ${along}`;
  return {
    lines: `let ${name}Line = ${side}Line(${line}); var ${name}: vec4<f32>;`,
    load: `${name} = ${side}At(${name}Line, ${k});`,
    store: `${side}[${side === 'left' ? `${number} ^ ((${number} >> 3u) & 3u)` : number}] = ${name};`,
  };
}

/** A block of 4×4: four vectors along the rows (or the sum, on the right) become four along the other axis. */
function turned(side: Side, { name, outside, along }: Item, outer: number): Loads {
  const turn = (i: number) => fourOf((j) => `${name}_${j}[${i}]`);
  const registers = four.map((j) => `var ${name}_${j}: vec4<f32>;`).join(' ');
  if (side === 'left') {
    const row = (i: number) => `(4u * ${outside} + ${i}u) * 4u + (${along} ^ ((2u * ${outside} + ${i >> 1}u) & 3u))`;
    return {
      lines: `let ${name}Line = leftLine(row0 / 4u + ${outside}); ${registers}`,
      load: four.map((j) => `${name}_${j} = leftAt(${name}Line, t * ${DEPTH}u + 4u * ${along} + ${j}u);`).join(' '),
      store: four.map((i) => `left[${row(i)}] = ${turn(i)};`).join(' '),
    };
  }
  const column = (j: number) => `column0 + 4u * ${outside} + ${j}u`;
  return {
    lines: registers,
    load: four.map((j) => `${name}_${j} = rightAt(${column(j)}, t * ${DEPTH / 4}u + ${along});`).join(' '),
    store: four.map((i) => `right[(4u * ${along} + ${i}u) * ${outer / 4}u + ${outside}] = ${turn(i)};`).join(' '),
  };
}
