import { type Shader, shader } from '../gpu/shader.js';

/** Threads of a workgroup that adds up. */
export const WORKGROUP = 256;

/**
 * WGSL of a thread's own sum: `sum = added(sum, value)` from `Sum()`, then `totalOf(sum)`. Rounding is made up for with each value; a
 * compiler that simplifies this away leaves a plain sum, so let threads have few values each and a {@link workgroupTree} the rest.
 */
export function compensatedSum(type: 'f32' | 'vec4<f32>'): string {
  const bits = type.replace('f32', 'u32');
  const infinite = `${bits}(0x7f800000u)`;
  return `
struct Sum { total: ${type}, surplus: ${type} }
fn added(sum: Sum, value: ${type}) -> Sum {
  let addend = value - sum.surplus;
  let total = sum.total + addend;
  // An infinite sum stays what it is.
  let finite = (bitcast<${bits}>(total) & ${infinite}) != ${infinite};
  return Sum(total, select(${type}(), (total - sum.total) - addend, finite));
}
fn totalOf(sum: Sum) -> ${type} { return sum.total - sum.surplus; }`;
}

/**
 * The parameter `half` of shaders that join the values of a workgroup's threads: half of those that have any where `count` of them are needed,
 * rounded up to a power of two. (A parameter also keeps compilers from unrolling the steps, at which software Vulkan takes seconds.)
 */
export const halfOf = (count: number): number =>
  Math.floor(2 ** Math.ceil(Math.log2(Math.min(Math.max(count, 1), WORKGROUP))) / 2);

/**
 * WGSL of a function `name(thread, value)` that joins the values of a workgroup's threads, in pairs of always the same order, and gives
 * the result to all. The type may be a structure, with a function to join two. With a stride it joins those whose numbers are alike modulo
 * the stride, a power of two, and gives a thread the result of thread % stride. All threads must call it. The shader has a
 * parameter `half`, see {@link halfOf}.
 */
export const workgroupTree = (
  name: string,
  type: string,
  { stride = 1, join = (a: string, b: string) => `${a} + ${b}` } = {},
): string => `
var<workgroup> ${name}Tree: array<${type}, ${WORKGROUP}>;
fn ${name}(thread: u32, value: ${type}) -> ${type} {
  // Results of an earlier call may not have been read yet.
  workgroupBarrier();
  ${name}Tree[thread] = value;
  for (var half = p.half; half >= ${stride}u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { ${name}Tree[thread] = ${join(`${name}Tree[thread]`, `${name}Tree[thread + half]`)}; }
  }
  workgroupBarrier();
  return ${name}Tree[thread % ${stride}u];
}`;

/**
 * WGSL of a function `name(thread, value)`: the sum of the values of the threads before this one. All threads must call it. The shader's
 * parameter `half` is half the threads.
 */
export const workgroupPrefix = (name: string, type: 'u32' | 'vec4<u32>'): string => `
var<workgroup> ${name}Places: array<${type}, ${WORKGROUP}>;
fn ${name}(thread: u32, value: ${type}) -> ${type} {
  workgroupBarrier();
  ${name}Places[thread] = value;
  for (var step = 1u; step <= p.half; step *= 2u) {
    workgroupBarrier();
    let before = select(${type}(), ${name}Places[max(thread, step) - step], thread >= step);
    workgroupBarrier();
    ${name}Places[thread] += before;
  }
  return ${name}Places[thread] - value;
}`;

/**
 * totals [columns] of partials [columns, parts], each column by a workgroup. Of every `width` columns the first `floats` hold float32
 * bits, the rest counts, which stay whole until they are added up. The groups are `flatGroups(columns)`, and `half` is `halfOf(parts)`.
 */
export const TOTALS = (): Shader =>
  shader('totals', () => ({
    inputs: { partials: 'u32' },
    outputs: { totals: 'f32' },
    params: { columns: 'u32', parts: 'u32', width: 'u32', floats: 'u32', half: 'u32' },
    workgroup: [WORKGROUP],
    declarations: `${compensatedSum('f32')}
struct Total { sum: f32, count: u32 }
fn joined(a: Total, b: Total) -> Total { return Total(a.sum + b.sum, a.count + b.count); }
${workgroupTree('totalsOf', 'Total', { join: (a, b) => `joined(${a}, ${b})` })}`,
    body: `
  let column = group.y * groups.x + group.x;
  if (column >= p.columns) { return; }
  let isFloat = column % p.width < p.floats;
  var sum = Sum();
  var count = 0u;
  for (var part = thread; part < p.parts; part += ${WORKGROUP}u) {
    let bits = partials[column * p.parts + part];
    if (isFloat) { sum = added(sum, bitcast<f32>(bits)); } else { count += bits; }
  }
  let total = totalsOf(thread, Total(totalOf(sum), count));
  if (thread == 0u) { totals[column] = select(f32(total.count), total.sum, isFloat); }`,
  }));

/** What {@link columnTotals} calls. Its shader has the parameters `parts` and `half`. */
export const COLUMN_TOTALS = `${compensatedSum('f32')}
struct Total { sum: f32, count: u32 }
fn joined(a: Total, b: Total) -> Total { return Total(a.sum + b.sum, a.count + b.count); }
${workgroupTree('totalOfAll', 'Total', { join: (a, b) => `joined(${a}, ${b})` })}`;

/**
 * WGSL by which one workgroup adds up `partials` [columns, parts] into `totals` [columns], as {@link TOTALS} does, for its first thread to
 * go on with.
 * @param isFloat WGSL of whether a `column` holds float32 bits, not counts
 */
export const columnTotals = (columns: string, isFloat: string): string => `
  for (var column = 0u; column < ${columns}; column++) {
    let isFloat = ${isFloat};
    var sum = Sum();
    var count = 0u;
    for (var part = thread; part < p.parts; part += ${WORKGROUP}u) {
      let bits = partials[column * p.parts + part];
      if (isFloat) { sum = added(sum, bitcast<f32>(bits)); } else { count += bits; }
    }
    let total = totalOfAll(thread, Total(totalOf(sum), count));
    if (thread == 0u) { totals[column] = select(f32(total.count), total.sum, isFloat); }
  }`;
