import { type Scalar, type Shader, type ShaderSource, shader } from '../gpu/shader.js';
import { elementOf, type Operand } from './operands.js';
import { type ProductTile, threadsOf } from './tiles.js';

/** Terms of the sums that are in workgroup memory at a time, and groups of four of them. */
export const DEPTH = 16;

/** How the workgroups are laid over the result, in WGSL. */
export interface Arrangement {
  key: string;
  params: Record<string, Scalar>;
  /** Declares `place(row)`: the row of the result array in which a row of the product goes, those of all products counted. */
  declarations: string;
  /** Whether that is long: then it is computed once for each row, not by each of the threads that write to it. */
  scattered?: boolean;
  /**
   * From `tile`, the workgroup's number: declares `row0`, `column0` and `inner`, the length of the sums, and sets the private
   * rowCount, innerCount, columnCount, leftBase and rightBase.
   */
  prologue: string;
}

export interface ProductSource {
  tile: ProductTile;
  left: Operand;
  right: Operand;
  arrangement: Arrangement;
  /** Whether the result's columns are a multiple of four. */
  wide: boolean;
  bias: boolean;
  relu: boolean;
}

const COMMON = `
var<private> rowCount: u32;
var<private> columnCount: u32;
var<private> innerCount: u32;
var<private> leftBase: u32;
var<private> rightBase: u32;`;

/**
 * The shader of result = left·right: a workgroup takes a tile of the result and walks along the sums, ${DEPTH} terms at a time. The next
 * terms are on their way from memory while those in workgroup memory are multiplied. Workgroups along z take parts of the sums
 * (`p.share` steps each), whose results lie behind each other.
 *
 * A turn of the inner loop is four terms. Its count is a parameter, so that compilers keep it a loop: it is long enough for a GPU, and software
 * devices compile the unrolled one for seconds.
 */
export function productShader(source: ProductSource): Shader {
  const { tile, left, right, arrangement, wide, bias, relu } = source;
  const { rows, columns, threadRows, threadColumns } = tile;
  const key = [
    `product ${rows}x${columns}/${threadRows}x${threadColumns}`,
    ...[left.key, right.key, arrangement.key, wide ? 'wide' : 'narrow', bias ? 'bias' : '', relu ? 'relu' : ''],
  ].join(' ');
  return shader(key, () => write(source));
}

function write({ tile, left, right, arrangement, wide, bias, relu }: ProductSource): ShaderSource {
  const across = tile.columns / tile.threadColumns;
  const threads = threadsOf(tile);
  const loads = [loadsOf('left', left, tile.rows, threads), loadsOf('right', right, tile.columns, threads)];
  const each = (part: 'lines' | 'load' | 'store') => loads.map((side) => side[part]).join('\n');
  const steps = left.steps ?? 0;
  // Threads that have nothing else write where the terms after the next are, into a ring of two tiles.
  const look = (t: string) => (steps ? `if (thread < ${steps}u) { writeStep((${t}) * ${steps}u + thread); }` : '');
  const start = steps ? `${look('first')}\n  workgroupBarrier();` : '';
  const element = elementOf(wide);
  return {
    inputs: { leftValues: left.element, rightValues: right.element, ...(bias && { bias: element }) },
    outputs: { y: element },
    params: {
      ...{ tiles: 'u32', columns: 'u32', columnTiles: 'u32', share: 'u32', resultRows: 'u32', depth4: 'u32' },
      ...arrangement.params,
      ...left.params,
      ...right.params,
    },
    workgroup: [threads],
    declarations: `${COMMON}
const ROWS = ${tile.rows}u;
const COLUMNS = ${tile.columns}u;
var<workgroup> left: array<vec4<f32>, ${(tile.rows * DEPTH) / 4}>;
var<workgroup> right: array<vec4<f32>, ${(DEPTH * tile.columns) / 4}>;
${arrangement.scattered ? `var<workgroup> places: array<u32, ${tile.rows}>;` : ''}
${left.declarations}
${right.declarations}
${arrangement.declarations}
${result(wide, bias, relu)}`,
    body: `
  let tile = group.y * groups.x + group.x;
  if (tile >= p.tiles) { return; }
  columnCount = p.columns;
  ${arrangement.prologue}
  let first = group.z * p.share;
  let last = min(first + p.share, (inner + ${DEPTH - 1}u) / ${DEPTH}u);
  let tx = thread % ${across}u;
  let ty = thread / ${across}u;
  let swizzle = (ty >> 1u) & 3u;
  ${each('lines')}
  ${sums(tile)}
  ${start}
  for (var t = first; t <= last; t++) {
    if (t < last) {
      ${each('load')}
      ${look('t + 1u')}
    }
    if (t > first) {
      for (var k4 = 0u; k4 < p.depth4; k4++) {
        ${multiply(tile)}
      }
    }
    workgroupBarrier();
    if (t < last) {
      ${each('store')}
    }
    workgroupBarrier();
  }
  ${epilogue(tile, arrangement.scattered === true)}`,
  };
}

interface Loads {
  /** Before the loop: what stays the same along the sums. */
  lines: string;
  /** The terms of step t, from memory to registers. */
  load: string;
  /** From registers to workgroup memory. */
  store: string;
}

/**
 * Who loads what. Workgroup memory holds the left tile as [row][groups of four terms] and the right one as [term][groups of four
 * columns]; an operand whose contiguous axis is the other one is turned in registers, in blocks of 4×4. The left one's groups of a row
 * are permuted by the row's number, so that eight neighbouring threads use all banks when they read as when they write.
 */
function loadsOf(side: 'left' | 'right', { contiguous }: Operand, outer: number, threads: number): Loads {
  const turned = (side === 'left') === (contiguous === 'outer');
  const count = turned ? outer : (outer * DEPTH) / 4;
  const loads: Loads = { lines: '', load: '', store: '' };
  for (let item = 0; item * threads < count; item++) {
    const name = `${side}${item}`;
    const e = `(thread + ${item * threads}u)`;
    // The sum's groups of four (or terms) lie along the threads on the left, and the columns on the right.
    const [outside, along] =
      side === 'left' ? [`${e} / 4u`, `${e} % 4u`] : [`${e} % ${outer / 4}u`, `${e} / ${outer / 4}u`];
    const guard = (work: string) => ((item + 1) * threads > count ? `if (${e} < ${count}u) { ${work} }` : work);
    const origin = side === 'left' ? 'row0' : 'column0';
    const k = contiguous === 'inner' ? `t * ${DEPTH / 4}u + ${along}` : `t * ${DEPTH}u + ${along}`;
    if (!turned) {
      const number = side === 'left' ? `${origin} + ${outside}` : `${origin} / 4u + ${outside}`;
      loads.lines += `let ${name}Line = ${side}Line(${number});\n  var ${name}: vec4<f32>;\n  `;
      loads.load += guard(`${name} = ${side}At(${name}Line, ${k});`);
      const place = side === 'left' ? `${e} ^ ((${e} >> 3u) & 3u)` : e;
      loads.store += guard(`${side}[${place}] = ${name};`);
      continue;
    }
    const turn = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => `${name}_${j}[${i}]`).join(', '));
    loads.lines += `var ${name}_0: vec4<f32>; var ${name}_1: vec4<f32>; var ${name}_2: vec4<f32>; var ${name}_3: vec4<f32>;\n  `;
    if (side === 'left') {
      loads.lines += `let ${name}Line = leftLine(row0 / 4u + ${outside});\n  `;
      const from = (j: number) => `${name}_${j} = leftAt(${name}Line, (t * 4u + ${along}) * 4u + ${j}u);`;
      loads.load += guard([0, 1, 2, 3].map(from).join(' '));
      const to = (i: number) =>
        `left[(4u * (${outside}) + ${i}u) * 4u + ((${along}) ^ ((2u * (${outside}) + ${i >> 1}u) & 3u))] = vec4(${turn[i]});`;
      loads.store += guard([0, 1, 2, 3].map(to).join(' '));
    } else {
      const from = (j: number) => `${name}_${j} = rightAt(column0 + 4u * (${outside}) + ${j}u, ${k});`;
      loads.load += guard([0, 1, 2, 3].map(from).join(' '));
      const to = (i: number) => `right[(4u * (${along}) + ${i}u) * ${outer / 4}u + ${outside}] = vec4(${turn[i]});`;
      loads.store += guard([0, 1, 2, 3].map(to).join(' '));
    }
  }
  return loads;
}

const indices = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** A thread's share of the result: rows ty, ty + (threads down), … by groups of four columns tx, tx + (threads across), … */
const sums = ({ threadRows, threadColumns }: ProductTile): string =>
  indices(threadRows)
    .flatMap((i) => indices(threadColumns / 4).map((c) => `var sum${i}_${c} = vec4<f32>();`))
    .join(' ');

function multiply({ rows, columns, threadRows, threadColumns }: ProductTile): string {
  const across = columns / threadColumns;
  const down = rows / threadRows;
  const lines = indices(threadRows).map((i) => `let a${i} = left[at + ${i * down * 4}u];`);
  for (const [j, part] of [...'xyzw'].entries()) {
    for (const c of indices(threadColumns / 4)) {
      lines.push(`let b${j}_${c} = right[terms + ${(j * columns) / 4 + c * across}u];`);
      for (const i of indices(threadRows)) lines.push(`sum${i}_${c} += a${i}.${part} * b${j}_${c};`);
    }
  }
  return `let at = ty * 4u + (k4 ^ swizzle);\n      let terms = k4 * ${columns}u + tx;\n      ${lines.join('\n      ')}`;
}

function epilogue(tile: ProductTile, scattered: boolean): string {
  const { rows, columns, threadRows, threadColumns } = tile;
  const across = columns / threadColumns;
  const down = rows / threadRows;
  const prepare = `for (var i = thread; i < ${rows}u; i += ${threadsOf(tile)}u) { places[i] = place(row0 + i); }
  workgroupBarrier();`;
  const writes = indices(threadRows).map((i) => {
    const row = `ty + ${i * down}u`;
    const parts = indices(threadColumns / 4).map((c) => `write(to, column0 / 4u + tx + ${c * across}u, sum${i}_${c});`);
    return `if (row0 + ${row} < rowCount) {
    let to = group.z * p.resultRows + ${scattered ? `places[${row}]` : `place(row0 + ${row})`};
    ${parts.join(' ')}
  }`;
  });
  return [...(scattered ? [prepare] : []), ...writes].join('\n  ');
}

/** Declares `write(row, n, value)`: four neighbouring elements of the result, those that there are. */
function result(wide: boolean, bias: boolean, relu: boolean): string {
  const finish = (sum: string) => (relu ? `rectified(${sum})` : sum);
  const rectified = `fn rectified(x: f32) -> f32 { return select(max(x, 0.0), x, isNan(x)); }`;
  if (wide) {
    const value = bias ? 'value + bias[n]' : 'value';
    const parts = [...'xyzw'].map((c) => `rectified(sum.${c})`).join(', ');
    return `${relu ? rectified : ''}
fn write(row: u32, n: u32, value: vec4<f32>) {
  if (4u * n < columnCount) {
    let sum = ${value};
    y[row * (columnCount / 4u) + n] = ${relu ? `vec4(${parts})` : 'sum'};
  }
}`;
  }
  return `${relu ? rectified : ''}
fn write(row: u32, n: u32, value: vec4<f32>) {
  for (var i = 0u; i < 4u; i++) {
    let column = 4u * n + i;
    if (column < columnCount) { y[row * columnCount + column] = ${finish(bias ? 'value[i] + bias[column]' : 'value[i]')}; }
  }
}`;
}
