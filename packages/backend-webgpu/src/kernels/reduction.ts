import { type Element, flatGroups, type Scalar, type Shader, type Size, shader } from '../gpu/shader.js';
import { halfOf, WORKGROUP, workgroupTree } from './workgroupSums.js';

/** An array seen as [outer, reduced, inner], whose axis in the middle goes. */
export interface MiddleAxis {
  outer: number;
  reduced: number;
  inner: number;
}

/** WGSL of a reduction. */
export interface ReductionSource {
  inputs: Record<string, Element>;
  result: Scalar;
  params?: Record<string, Scalar>;
  /** The type of what is combined. */
  type: string;
  /** Among others a function `combine(a, b)` that is associative but for rounding. */
  declarations: string;
  /** What combining starts with; undefined where the first element may be taken twice. */
  start: string | undefined;
  /** What an element brings: `at` is its place in the array, `r` that along the reduced axis, of row `outer` and column `column`. */
  load: string;
  /** The result, from `total`. */
  finish: string;
}

/** Elements that a thread combines at most: few, so that sums stay exact to a few ulp. */
const EACH = 64;
/** Columns of a workgroup at most, where neighbours lie side by side. */
const COLUMNS = 32;

const powerOf2 = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(n, 1)));

/** How a pass is spread over workgroups: `slots` threads combine one of `parts` of a column. */
export interface ReductionPlan {
  slots: number;
  parts: number;
  params: Record<string, number>;
  groups: Size;
}

/** One pass over a middle axis; it leaves a middle axis of `parts`. */
export function planReduction({ outer, reduced, inner }: MiddleAxis): ReductionPlan {
  const most = inner > 1 ? WORKGROUP / Math.min(powerOf2(inner), COLUMNS) : WORKGROUP;
  const slots = Math.min(most, powerOf2(reduced / 8));
  const parts = Math.ceil(reduced / (slots * EACH));
  const tiles = Math.ceil((outer * inner) / (WORKGROUP / slots));
  const params = { columns: outer * inner, reduced, inner, parts, half: halfOf(WORKGROUP) };
  return { slots, parts, params, groups: flatGroups(tiles * parts) };
}

/** The shader of a pass: y [outer, parts, inner]. `key` stands for the source. Sums have the same order every time. */
export function reductionShader(
  key: string,
  { slots, params: { inner } }: ReductionPlan,
  make: () => ReductionSource,
): Shader {
  const columns = WORKGROUP / slots;
  // Neighbouring threads read neighbouring elements: of a column where it is all there is, else of neighbouring columns.
  const along = inner === 1;
  return shader(`reduction ${key} ${slots} ${along}`, () => {
    const source = make();
    return {
      inputs: source.inputs,
      outputs: { y: source.result },
      params: { columns: 'u32', reduced: 'u32', inner: 'u32', parts: 'u32', half: 'u32', ...source.params },
      workgroup: [WORKGROUP],
      declarations: `${source.declarations}
${slots > 1 ? workgroupTree('combined', source.type, { stride: columns, join: (a, b) => `combine(${a}, ${b})` }) : ''}
fn load(at: u32, r: u32, outer: u32, column: u32) -> ${source.type} { return ${source.load}; }
fn finish(total: ${source.type}, outer: u32, column: u32) -> ${source.result} { return ${source.finish}; }`,
      body: `
  let flat = group.y * groups.x + group.x;
  let part = flat % p.parts;
  let slot = ${along ? `thread % ${slots}u` : `thread / ${columns}u`};
  let lane = ${along ? `thread / ${slots}u` : `thread % ${columns}u`};
  let place = flat / p.parts * ${columns}u + lane;
  let outer = place / p.inner;
  let column = place % p.inner;
  let live = place < p.columns;
  let base = outer * p.reduced * p.inner + column;
  let first = part * ${slots * EACH}u;
  let end = select(0, min(first + ${slots * EACH}u, p.reduced), live);
  var total: ${source.type};
  ${source.start ? `total = ${source.start};` : 'if (live) { total = load(base + first * p.inner, first, outer, column); }'}
  for (var r = first + slot; r < end; r += ${slots}u) {
    total = combine(total, load(base + r * p.inner, r, outer, column));
  }
  ${slots > 1 ? `total = combined(slot * ${columns}u + lane, total);` : ''}
  if (live && slot == 0) { y[(outer * p.parts + part) * p.inner + column] = finish(total, outer, column); }`,
    };
  });
}

/** The passes over the axes that go, the innermost first: neighbouring ones as one. What they leave of the array is what is kept. */
export function middleAxes(shape: readonly number[], axes: readonly number[]): MiddleAxis[] {
  const passes: MiddleAxis[] = [];
  let [inner, reduced] = [1, 1];
  let outer = shape.reduce((a, b) => a * b, 1);
  for (let i = shape.length - 1; i >= 0; i--) {
    outer /= shape[i]!;
    if (axes.includes(i)) {
      reduced *= shape[i]!;
      continue;
    }
    if (reduced > 1 && shape[i]! > 1) {
      passes.push({ outer: outer * shape[i]!, reduced, inner });
      reduced = 1;
    }
    inner *= shape[i]!;
  }
  if (reduced > 1 || passes.length === 0) passes.push({ outer: 1, reduced, inner });
  return passes;
}
