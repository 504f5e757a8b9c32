import type { Element, Scalar } from '../gpu/shader.js';
import { chosen, elementOf, fourOf } from './wgsl.js';

export type Side = 'left' | 'right';

/** How an operand lies in memory: with the axis that is summed over, or the result's rows (or columns), contiguous. */
export type Contiguous = 'inner' | 'outer';

/**
 * One operand of a product as the shader reads it, four elements at a time: `leftAt(line, k)`. Where the inner axis is contiguous a line
 * is that of one row (or column) and k counts groups of four of the sum's terms; else a line is four rows (or columns) and k
 * counts terms.
 */
export interface Operand {
  /** Stands for all else here in the shader's key. */
  key: string;
  contiguous: Contiguous;
  element: Element;
  params: Record<string, Scalar>;
  /** Declares `leftAt(line, k)`, which gives 0 outside, and `leftLine(number)`; for the right operand the same. */
  declarations: string;
  /** Terms of the sum to an entry of `writeStep(unit)`, where the operand has that: it fills a ring of two tiles, `DEPTH` terms each. */
  unit?: number;
}

/** A matrix in memory; `wide` where its contiguous axis is a multiple of four. */
export function matrix(side: Side, contiguous: Contiguous, wide: boolean): Operand {
  const outer = side === 'left' ? 'rowCount' : 'columnCount';
  // Of [outer][inner] or [inner][outer]: which of the two arguments is the slow axis, and the lengths of both.
  const [slow, fast] = contiguous === 'inner' ? ['line', 'k'] : ['k', 'line'];
  const [slowCount, fastCount] = contiguous === 'inner' ? [outer, 'innerCount'] : ['innerCount', outer];
  const at = `(${side}Base + ${slow} * ${fastCount})`;
  const inside = (column: string) => `(${slow} < ${slowCount}) & (${column} < ${fastCount})`;
  const load = wide
    ? chosen(`${side}Values`, `${at} / 4u + ${fast}`, inside(`4u * ${fast}`), true)
    : fourOf((i) => chosen(`${side}Values`, `${at} + 4u * ${fast} + ${i}u`, inside(`4u * ${fast} + ${i}u`), false));
  return {
    key: `${contiguous}${wide ? 4 : 1}`,
    contiguous,
    element: elementOf(wide),
    params: {},
    declarations: `
fn ${side}Line(number: u32) -> u32 { return number; }
fn ${side}At(line: u32, k: u32) -> vec4<f32> {
  return ${load};
}`,
  };
}
