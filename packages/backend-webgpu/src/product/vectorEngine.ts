import { type Engine, placeOf } from './engine.js';
import { type ProductTile, threadsOf } from './tiles.js';
import { DEPTH, vectorLoads } from './vectorLoads.js';
import { indices } from './wgsl.js';

/**
 * Each thread keeps its share of the tile in registers, in vectors along the columns.
 *
 * A turn of the inner loop is four terms. Its count is a parameter, so that compilers keep it a loop: it is long enough for a GPU, and software
 * devices compile the unrolled one for seconds.
 */
export function vectorEngine(tile: ProductTile): Engine {
  const { rows, columns, threadRows, threadColumns } = tile;
  const across = columns / threadColumns;
  const threads = threadsOf(tile);
  return {
    key: `${rows}x${columns}/${threadRows}x${threadColumns}`,
    rows,
    columns,
    depth: DEPTH,
    threads,
    params: { depth4: DEPTH / 4 },
    code(left, right, scattered) {
      const loads = [vectorLoads('left', left, rows, threads), vectorLoads('right', right, columns, threads)];
      const each = (part: 'lines' | 'load' | 'store') => loads.map((side) => side[part]).join('\n');
      return {
        enables: [],
        declarations: `
var<workgroup> left: array<vec4<f32>, ${(rows * DEPTH) / 4}>;
var<workgroup> right: array<vec4<f32>, ${(DEPTH * columns) / 4}>;`,
        start: `
  let tx = thread % ${across}u;
  let ty = thread / ${across}u;
  let swizzle = (ty >> 1u) & 3u;
  ${each('lines')}
  ${sums(tile)}`,
        load: each('load'),
        store: each('store'),
        multiply: `for (var k4 = 0u; k4 < p.depth4; k4++) {
        ${multiply(tile)}
      }`,
        finish: finish(tile, scattered),
      };
    },
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
function finish({ rows, columns, threadRows, threadColumns }: ProductTile, scattered: boolean): string {
  const across = columns / threadColumns;
  const down = rows / threadRows;
  const writes = indices(threadRows).map((i) => {
    const row = `ty + ${i * down}u`;
    const parts = indices(threadColumns / 4).map((c) => `write(to, column0 / 4u + tx + ${c * across}u, sum${i}_${c});`);
    return `if (row0 + ${row} < rowCount) {
    let to = ${placeOf(row, scattered)};
    ${parts.join(' ')}
  }`;
  });
  return writes.join('\n  ');
}
