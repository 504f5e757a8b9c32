import { type Scalar, type Shader, type ShaderSource, shader } from '../gpu/shader.js';
import type { Engine } from './engine.js';
import type { Operand } from './operands.js';
import { elementOf, type Finish, writer } from './wgsl.js';

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
  engine: Engine;
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
 * The shader of result = left·right: a workgroup takes a tile of the result and walks along the sums, a step at a time. The next
 * terms are on their way from memory while those in workgroup memory are multiplied. Workgroups along z take parts of the sums
 * (`p.share` steps each), whose results lie behind each other.
 */
export function productShader(source: ProductSource): Shader {
  const { engine, left, right, arrangement, wide, bias, relu } = source;
  const key = [
    `product ${engine.key}`,
    ...[left.key, right.key, arrangement.key, wide ? 'wide' : 'narrow', bias ? 'bias' : '', relu ? 'relu' : ''],
  ].join(' ');
  return shader(key, () => write(source));
}

function write({ engine, left, right, arrangement, wide, bias, relu }: ProductSource): ShaderSource {
  const { rows, columns, depth, threads } = engine;
  const { scattered = false } = arrangement;
  const { enables, declarations, start, load, store, multiply, finish } = engine.code(left, right, scattered);
  const entries = left.unit ? depth / left.unit : 0;
  // Threads that have nothing else write where the terms after the next are, into a ring of two tiles.
  const look = (t: string) =>
    entries ? `if (thread < ${entries}u) { writeStep((${t}) * ${entries}u + thread); }` : '';
  const element = elementOf(wide);
  return {
    inputs: { leftValues: left.element, rightValues: right.element, ...(bias && { bias: element }) },
    outputs: { y: element },
    params: {
      ...{ tiles: 'u32', columns: 'u32', columnTiles: 'u32', share: 'u32', resultRows: 'u32' },
      ...Object.fromEntries(Object.keys(engine.params).map((name) => [name, 'u32' as const])),
      ...arrangement.params,
      ...left.params,
      ...right.params,
    },
    workgroup: [threads],
    enables,
    declarations: `${COMMON}
const ROWS = ${rows}u;
const COLUMNS = ${columns}u;
const DEPTH = ${depth}u;
${scattered ? `var<workgroup> places: array<u32, ${rows}>;` : ''}
${left.declarations}
${right.declarations}
${arrangement.declarations}
${writer({ wide, bias, relu })}
${declarations}`,
    body: `
  let tile = group.y * groups.x + group.x;
  if (tile >= p.tiles) { return; }
  columnCount = p.columns;
  ${arrangement.prologue}
  let first = group.z * p.share;
  let last = min(first + p.share, (inner + DEPTH - 1u) / DEPTH);
  ${start}
  ${entries ? `${look('first')}\n  workgroupBarrier();` : ''}
  for (var t = first; t <= last; t++) {
    if (t < last) {
      ${load}
      ${look('t + 1u')}
    }
    if (t > first) {
      ${multiply}
    }
    workgroupBarrier();
    if (t < last) {
      ${store}
    }
    workgroupBarrier();
  }
  ${scattered ? `for (var i = thread; i < ${rows}u; i += ${threads}u) { places[i] = place(row0 + i); }\n  workgroupBarrier();` : ''}
  ${finish}`,
  };
}
