import { WORKGROUP } from './workgroupSums.js';

/** Rows that a workgroup adds up. */
export const PART = 16 * WORKGROUP;
/** Classes that a workgroup adds up. */
export const FOUR = 4;

/** WGSL of what a workgroup adds up: rows from `part` of them up to `end`, of `classes` from `first` on. Its shader has the parameters `parts` and `rows`. */
export const classPart = (count: string): string => `
  let number = group.y * groups.x + group.x;
  let quads = (${count} + ${FOUR - 1}u) / ${FOUR}u;
  let first = number % quads * ${FOUR}u;
  let part = number / quads;
  if (part >= p.parts) { return; }
  let classes = vec4<i32>(i32(first)) + vec4(0, 1, 2, 3);
  let end = min((part + 1u) * ${PART}u, p.rows);`;

/** WGSL that leaves the `overlap`, `square` and `truth` of `sums` in `partials` [3·classes, parts]. */
export const writeClassSums = (count: string): string => `
  let c = first + thread;
  if (thread < ${FOUR}u && c < ${count}) {
    partials[c * p.parts + part] = bitcast<u32>(sums.overlap[thread]);
    partials[(${count} + c) * p.parts + part] = bitcast<u32>(sums.square[thread]);
    partials[(2u * ${count} + c) * p.parts + part] = sums.truth[thread];
  }`;
