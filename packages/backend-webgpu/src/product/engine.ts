import type { Operand } from './operands.js';

/** How a workgroup multiplies its tile of a product: by the vectors of its threads, or by the matrices of its subgroups. */
export interface Engine {
  /** Stands for all else here in the shader's key. */
  key: string;
  /** Of the result, in a tile. */
  rows: number;
  columns: number;
  /** Terms of the sums that are in workgroup memory at a time: a step. */
  depth: number;
  threads: number;
  /** Parameters of the shader, whole numbers. */
  params: Readonly<Record<string, number>>;
  /** @param scattered whether the array `places` has the result's rows in which those of the tile go */
  code(left: Operand, right: Operand, scattered: boolean): EngineCode;
}

/** An engine's WGSL. It sees `tile`, `row0`, `column0` and what the operands and the arrangement declare. */
export interface EngineCode {
  enables: readonly string[];
  /** Declares the workgroup memory. */
  declarations: string;
  /** Before the loop over the steps: sums, and what stays the same. */
  start: string;
  /** The operands' terms of step t, from memory to registers. */
  load: string;
  /** From registers to workgroup memory. */
  store: string;
  /** Adds the products of a step to the sums. */
  multiply: string;
  /** Calls `write(row, n, value)` for every four sums whose row is one of the product. */
  finish: string;
}

/** The row of the result array for a row of the tile. */
export const placeOf = (row: string, scattered: boolean): string =>
  `group.z * p.resultRows + ${scattered ? `places[${row}]` : `place(row0 + ${row})`}`;
