import type { ConvGeometry, Triple } from '@crln/core';
import type { Scalar } from '../gpu/shader.js';
import type { Operand } from '../product/operands.js';
import type { Arrangement } from '../product/template.js';
import { chosen, elementOf, fourOf } from '../product/wgsl.js';
import { AXES, declared, numbered, perAxis, vector, volume } from './axes.js';

/**
 * The input gradient dx[i] = Σ_k dy[(i + before − k·dilation) / stride]·w[k], over the k that divide, as one gather for every residue of
 * i modulo the stride (a phase): the k that divide are every period-th from the first, so that no sum meets one that does not.
 */
export interface Phases {
  /** How many phases, and grid points along D, H, W of the largest. */
  count: number;
  grid: Triple;
  /** The most taps of a phase. */
  taps: number;
  /** Voxels of dy between neighbouring taps of a phase. */
  hop: Triple;
  params: Record<string, number>;
}

export function phasesOf(g: ConvGeometry): Phases {
  const divisor = perAxis((a) => greatestDivisor(g.strides[a], g.dilations[a]));
  const period = perAxis((a) => g.strides[a] / divisor[a]);
  return {
    count: volume(perAxis((a) => Math.min(g.strides[a], g.input[a]))),
    grid: perAxis((a) => Math.ceil(g.input[a] / g.strides[a])),
    taps: volume(perAxis((a) => Math.ceil(g.size[a] / period[a]))),
    hop: perAxis((a) => -g.dilations[a] / divisor[a]),
    params: {
      ...{ batch: g.batch, inChannels: g.inChannels },
      ...numbered('extent', g.input),
      ...numbered('size', g.size),
      ...numbered('stride', g.strides),
      ...numbered('dilation', g.dilations),
      ...numbered('before', g.before),
      ...numbered('period', period),
    },
  };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

const along = (a: number): string =>
  `tapsOf(residue[${a}], p.before${a}, p.stride${a}, p.dilation${a}, p.period${a}, p.size${a})`;

/** The phases of an input gradient, those of the same voxels next to each other. */
export const PHASES: Arrangement = {
  key: 'phases',
  scattered: true,
  params: {
    ...{ rowTiles: 'u32', batch: 'u32', inChannels: 'u32' },
    ...declared<Scalar>('i32', 'extent', 'size', 'stride', 'dilation', 'before', 'period'),
  },
  declarations: `
var<private> start: vec3<i32>;
var<private> firstTap: vec3<i32>;
// Along one axis: the first tap that a residue uses, how many it uses, and the source voxel of that tap at grid point 0.
fn tapsOf(residue: i32, before: i32, stride: i32, dilation: i32, period: i32, size: i32) -> vec3<i32> {
  var first = 0;
  while (first < period && (residue + before - first * dilation) % stride != 0) { first++; }
  if (first >= min(period, size)) { return vec3<i32>(); }
  return vec3(first, (size - first + period - 1) / period, (residue + before - first * dilation) / stride);
}
fn place(row: u32) -> u32 {
  let plane = row / grid.z / grid.y;
  let point = vec3<i32>(vec3(plane % grid.x, row / grid.z % grid.y, row % grid.z));
  let at = vec3<u32>(point * ${vector('stride')} + start);
  return ((plane / grid.x * u32(p.extent0) + at.x) * u32(p.extent1) + at.y) * u32(p.extent2) + at.z;
}`,
  prologue: `
  let phases = vec3<u32>(min(${vector('stride')}, ${vector('extent')}));
  let phaseCount = phases.x * phases.y * phases.z;
  let phase = tile % phaseCount;
  let residue = vec3<i32>(vec3(phase / phases.z / phases.y, phase / phases.z % phases.y, phase % phases.z));
${AXES.map((a) => `  let along${a} = ${along(a)};`).join('\n')}
  let column0 = tile / phaseCount % p.columnTiles * COLUMNS;
  let row0 = tile / phaseCount / p.columnTiles * ROWS;
  let inner = u32(along0.y * along1.y * along2.y) * p.channels * WIDTH;
  start = residue;
  firstTap = vec3(along0.x, along1.x, along2.x);
  taps = vec3<u32>(vec3(along0.y, along1.y, along2.y));
  origin = vec3(along0.z, along1.z, along2.z);
  grid = vec3<u32>((${vector('extent')} - residue + ${vector('stride')} - 1) / ${vector('stride')});
  rowCount = p.batch * grid.x * grid.y * grid.z;
  innerCount = inner;`,
};

/** The filter [kd, kh, kw, Ci, Co] as the right operand of an input gradient: its columns are the Ci, its sums run over taps and Co. */
export function phaseFilter(wide: boolean): Operand {
  const entries = `2u * DEPTH / ${wide ? 4 : 1}u`;
  const ring = (unit: string) => `filterRing[(${unit}) % (${entries})]`;
  const load = (unit: string) =>
    chosen(
      'rightValues',
      `u32(${ring(unit)}) + line * p.channels`,
      `(line < columnCount) & (${ring(unit)} >= 0)`,
      wide,
    );
  return {
    key: `filter${wide ? 4 : 1}`,
    contiguous: 'inner',
    element: elementOf(wide),
    params: {},
    declarations: `
var<workgroup> filterRing: array<i32, ${entries}>;
fn filterStep(unit: u32) {
  var at = -1;
  if (WIDTH * unit < innerCount) {
    let number = unit / p.channels;
    let point = vec3<i32>(vec3(number / taps.z / taps.y, number / taps.z % taps.y, number % taps.z));
    let kernel = firstTap + point * ${vector('period')};
    at = ((kernel.x * p.size1 + kernel.y) * p.size2 + kernel.z) * i32(p.inChannels * p.channels) + i32(unit % p.channels);
  }
  ${ring('unit')} = at;
}
fn rightLine(number: u32) -> u32 { return number; }
fn rightAt(line: u32, k: u32) -> vec4<f32> {
  return ${wide ? load('k') : fourOf((i) => load(`4u * k + ${i}u`))};
}`,
  };
}
