import type { Triple } from '@crln/core';
import type { Scalar } from '../gpu/shader.js';
import type { Operand } from '../product/operands.js';
import { chosen, elementOf, fourOf } from '../product/wgsl.js';
import { declared, numbered, vector } from './axes.js';

/**
 * A convolution's source as the left operand of a product, without writing that matrix: its element for voxel v and (tap, channel) t lies
 * at voxel(v) + tap(t), each a vector of an offset in memory and one along D, H and W, by which what lies outside is 0.
 *
 * `rows`: 'voxels' where a row of the product is a voxel and its sum runs over the taps and channels (the convolution); 'taps' where
 * it is the other way round (the filter's gradient). `wide` where channels are a multiple of four: a unit is then four channels.
 */
export function gathered(rows: 'voxels' | 'taps', wide: boolean): Operand {
  const width = wide ? 4 : 1;
  // Lines stay in registers, what the sum runs over is written into a ring of two tiles, ahead of time.
  const unit = rows === 'taps' ? 1 : width;
  const entries = `2u * DEPTH / ${unit}u`;
  const ring = (number: string) => `ring[(${number}) % (${entries})]`;
  const scalars = rows === 'taps' && !wide;
  const line = scalars ? 'array<vec4<i32>, 4>' : 'vec4<i32>';
  const made =
    rows === 'voxels'
      ? 'voxel(number, rowCount)'
      : scalars
        ? `${line}(${[0, 1, 2, 3].map((i) => `tap(4u * number + ${i}u, rowCount)`).join(', ')})`
        : 'tap(number, rowCount)';
  const element = (i: number) =>
    rows === 'taps' ? `element(line[${i}] + ${ring('k')})` : `element(line + ${ring(`4u * k + ${i}u`)})`;
  return {
    key: `gathered ${rows}${width}`,
    contiguous: rows === 'taps' ? 'outer' : 'inner',
    element: elementOf(wide),
    params: GRID,
    unit,
    declarations: `
const WIDTH = ${width}u;
${SOURCE}
var<workgroup> ring: array<vec4<i32>, ${entries}>;
fn element(at: vec4<i32>) -> ${elementOf(wide)} {
  let inside = all(vec3<u32>(at.yzw) < vec3(p.depth, p.height, p.width));
  return ${chosen('leftValues', 'u32(at.x)', 'inside', wide)};
}
fn leftLine(number: u32) -> ${line} { return ${made}; }
fn leftAt(line: ${line}, k: u32) -> vec4<f32> {
  return ${wide ? `element(line + ${ring('k')})` : fourOf(element)};
}
fn writeStep(unit: u32) {
  ${ring('unit')} = ${rows === 'voxels' ? 'tap(unit, innerCount)' : 'voxel(unit, innerCount)'};
  ${rows === 'voxels' ? 'filterStep(unit);' : ''}
}`,
  };
}

/** The gather's parameters: those of an axis end in its number. */
const GRID: Record<string, Scalar> = {
  ...{ depth: 'u32', height: 'u32', width: 'u32', channels: 'u32' },
  ...declared<Scalar>('i32', 'step', 'hop'),
};

/**
 * Values of {@link GRID}.
 * @param step source voxels between neighbouring grid points
 * @param hop source voxels between neighbouring taps
 */
export function gridParams(source: Triple, channels: number, wide: boolean, step: Triple, hop: Triple) {
  const [depth, height, width] = source;
  return {
    depth,
    height,
    width,
    channels: wide ? channels / 4 : channels,
    ...numbered('step', step),
    ...numbered('hop', hop),
  };
}

/**
 * What all gathers share. An arrangement sets `grid` (points along D, H, W), `taps` (how many along each axis) and `origin` (the source
 * voxel of the first point's first tap).
 */
const SOURCE = `
const OUTSIDE = vec4<i32>(0, -(1 << 29), 0, 0);
var<private> grid: vec3<u32>;
var<private> taps: vec3<u32>;
var<private> origin: vec3<i32>;
fn within(at: vec3<i32>) -> i32 {
  return ((at.x * i32(p.height) + at.y) * i32(p.width) + at.z) * i32(p.channels);
}
fn voxel(number: u32, count: u32) -> vec4<i32> {
  if (number >= count) { return OUTSIDE; }
  let plane = number / grid.z / grid.y;
  let point = vec3<i32>(vec3(plane % grid.x, number / grid.z % grid.y, number % grid.z));
  let at = point * ${vector('step')} + origin;
  return vec4(i32(plane / grid.x * p.depth * p.height * p.width * p.channels) + within(at), at);
}
fn tap(unit: u32, count: u32) -> vec4<i32> {
  if (WIDTH * unit >= count) { return OUTSIDE; }
  let number = unit / p.channels;
  let point = vec3<i32>(vec3(number / taps.z / taps.y, number / taps.z % taps.y, number % taps.z));
  let at = point * ${vector('hop')};
  return vec4(within(at) + i32(unit % p.channels), at);
}`;
