import { type Scalar, type Shader, type ShaderSource, shader } from '../gpu/shader.js';
import { DEPTH, loadsOf } from './loads.js';
import type { Operand } from './operands.js';
import { type ProductTile, threadsOf } from './tiles.js';
import { elementOf, type Finish, indices, writer } from './wgsl.js';

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

interface ProductSource extends Finish {
  tile: ProductTile;
  left: Operand;
  right: Operand;
  arrangement: Arrangement;
}

const COMMON = `
var<private> rowCount: u32;
var<private> innerCount: u32;
var<private> leftBase: u32;
var<private> rightBase: u32;`;

/**
 * The shader of result = left·right: a workgroup takes a tile of the result and walks along the sums, 16 terms at a time. The next
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
${writer({ wide, bias, relu })}`,
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

/** A thread's share of the result: rows ty, ty + (threads down), … by groups of four columns tx, tx + (threads across), … */
const sums = ({ threadRows, threadColumns }: ProductTile): string =>
  indices(threadRows)
    .flatMap((i) => indices(threadColumns / 4).map((c) => `var sum${i}_${c} = vec4<f32>();`))
    .join(' ');

/** Four terms of all sums. */
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

/** Writes the thread's share. */
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
