import { type Engine, type EngineCode, placeOf } from './engine.js';
import { type Loads, sharedOut } from './loads.js';
import type { MatrixUnit } from './matrixUnit.js';
import type { Operand, Side } from './operands.js';
import { type MatrixTile, PADDING, threadsOfMatrices } from './tiles.js';
import { indices } from './wgsl.js';

/**
 * Each subgroup keeps its part of the tile in matrices of the GPU's own, which it fills from workgroup memory. Operands are rounded to f16,
 * their products are summed in f32. Both operands lie in workgroup memory as they do in their tensors, since matrices can be loaded
 * by rows and by columns alike.
 */
export function matrixEngine(tile: MatrixTile, unit: MatrixUnit): Engine {
  const { rows, columns, depth, down, across } = tile;
  const { M, N, K, subgroup, dialect } = unit;
  return {
    key: `${rows}x${columns}x${depth}/${down}x${across} matrices ${M}x${N}x${K} ${dialect.key} ${subgroup}`,
    rows,
    columns,
    depth,
    threads: threadsOfMatrices(tile, unit),
    params: {},
    code: (left, right, scattered) => code(tile, unit, { left, right }, scattered),
  };
}

function code(tile: MatrixTile, unit: MatrixUnit, operands: Record<Side, Operand>, scattered: boolean): EngineCode {
  const { rows, columns, depth, down, across } = tile;
  const { M, N, K, dialect } = unit;
  const threads = threadsOfMatrices(tile, unit);
  const left = new Panel('left', operands.left, rows, depth);
  const right = new Panel('right', operands.right, columns, depth);
  const loads = [left.loads(threads), right.loads(threads)];
  const each = (part: keyof Loads) => loads.map((side) => side[part]).join('\n');
  const [height, width] = [rows / down, columns / across];
  const [tall, broad] = [indices(height / M), indices(width / N)];
  return {
    enables: dialect.enables,
    declarations: `${dialect.declarations(unit)}
var<workgroup> left: array<f16, ${left.size}>;
var<workgroup> right: array<f16, ${right.size}>;
var<workgroup> results: array<f32, ${down * across * M * N}>;`,
    start: `
  let mine = ${dialect.subgroup};
  let myRow = mine / ${across}u * ${height}u;
  let myColumn = mine % ${across}u * ${width}u;
  ${each('lines')}
  ${tall.flatMap((i) => broad.map((j) => `var sum${i}_${j} = ResultMatrix();`)).join(' ')}`,
    load: each('load'),
    store: each('store'),
    multiply: `for (var k = 0u; k < ${depth}u; k += ${K}u) {
        ${tall.map((i) => `let a${i} = ${left.matrix(`myRow + ${i * M}u`, 'k', unit)};`).join('\n        ')}
        ${broad
          .map((j) => {
            const sums = tall.map((i) => `sum${i}_${j} = ${dialect.multiplyAdd(`a${i}`, `b${j}`, `sum${i}_${j}`)};`);
            return [`let b${j} = ${right.matrix(`myColumn + ${j * N}u`, 'k', unit)};`, ...sums].join('\n        ');
          })
          .join('\n        ')}
      }`,
    finish: tall.flatMap((i) => broad.map((j) => part(i, j))).join('\n  workgroupBarrier();\n  '),
  };

  /** One matrix of every subgroup, on its way out through workgroup memory: what is in a matrix can be seen nowhere else. */
  function part(i: number, j: number): string {
    const quads = (M * N) / 4;
    return `${dialect.store(`mine * ${M * N}u`, `sum${i}_${j}`, N)}
  workgroupBarrier();
  for (var e = thread; e < ${down * across * quads}u; e += ${threads}u) {
    let owner = e / ${quads}u;
    let row = owner / ${across}u * ${height}u + ${i * M}u + e % ${quads}u / ${N / 4}u;
    let n = (column0 + owner % ${across}u * ${width}u + ${j * N}u) / 4u + e % ${N / 4}u;
    if (row0 + row < rowCount) {
      write(${placeOf('row', scattered)}, n, vec4(results[4u * e], results[4u * e + 1u], results[4u * e + 2u], results[4u * e + 3u]));
    }
  }`;
  }
}

/** One operand's part of a tile in workgroup memory: lines along its contiguous axis, each a little longer than what is in it. */
class Panel {
  readonly #inner: boolean;
  readonly #length: number;
  readonly #stride: number;
  /** Elements in all. */
  readonly size: number;

  /** @param outer rows of the left operand, or columns of the right one */
  constructor(
    readonly side: Side,
    { contiguous }: Operand,
    readonly outer: number,
    readonly depth: number,
  ) {
    this.#inner = contiguous === 'inner';
    this.#length = this.#inner ? depth : outer;
    this.#stride = this.#length + PADDING;
    this.size = (this.#inner ? outer : depth) * this.#stride;
  }

  /** Four neighbours at a time; neighbouring threads take neighbouring fours. */
  loads(threads: number): Loads {
    const { side, outer, depth } = this;
    const run = { axis: this.#inner ? 'along' : 'outside', length: this.#length / 4 } as const;
    return sharedOut(side, { count: (outer * depth) / 4, threads, run }, ({ name, outside, along }) => {
      const origin = side === 'left' ? 'row0' : 'column0';
      const [line, k] = this.#inner
        ? [`${origin} + ${outside}`, `t * ${depth / 4}u + ${along}`]
        : [`${origin} / 4u + ${outside}`, `t * ${depth}u + ${along}`];
      const [slow, fast] = this.#inner ? [outside, along] : [along, outside];
      const at = `${slow} * ${this.#stride}u + 4u * ${fast}`;
      return {
        lines: `let ${name}Line = ${side}Line(${line}); var ${name}: vec4<f16>;`,
        load: `${name} = vec4<f16>(${side}At(${name}Line, ${k}));`,
        store: [0, 1, 2, 3].map((i) => `${side}[${at} + ${i}u] = ${name}[${i}];`).join(' '),
      };
    });
  }

  /** The matrix that begins at a row (or column) and a term of the tile. */
  matrix(outside: string, along: string, { dialect }: MatrixUnit): string {
    const [slow, fast] = this.#inner ? [outside, along] : [along, outside];
    // A line of the left operand is a row where the inner axis is contiguous, one of the right operand is then a column.
    const columnMajor = (this.side === 'left') !== this.#inner;
    return dialect.load(this.side, `(${slow}) * ${this.#stride}u + ${fast}`, columnMajor, this.#stride);
  }
}
