import type { ConvGeometry } from '@crln/core';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, type Scalar, type Shader, shader } from '../gpu/shader.js';
import type { Recording } from '../product/run.js';
import { sumParts } from '../product/sumParts.js';
import { splitCount } from '../product/tiles.js';
import { elementOf } from '../product/wgsl.js';
import { AXES, declared, numbered, volume } from './axes.js';

const WORKGROUP = 256;
/** Channels (or groups of four) that the threads of a filter gradient's workgroup share out at most. */
const LANES = 32;

/** From an output voxel to an input voxel, or the other way round. */
type Direction = 'forward' | 'inputGrad';

interface Problem {
  g: ConvGeometry;
  bias?: TensorInfo | undefined;
}

/** Records y[o, c] = bias[c] + Σ_k x[o·stride − before + k·dilation, c]·w[k, c] into `y`. */
export function depthwise(
  call: Recording,
  { g, bias }: Problem,
  x: TensorInfo,
  filter: TensorInfo,
  y: TensorInfo,
): void {
  gather(call, 'forward', { g, bias }, x, filter, y);
}

/** Records dx[i, c] = Σ_k dy[(i + before − k·dilation) / stride, c]·w[k, c], over the k that divide, into `dx`. */
export function depthwiseInputGrad(
  call: Recording,
  problem: Problem,
  dy: TensorInfo,
  filter: TensorInfo,
  dx: TensorInfo,
): void {
  gather(call, 'inputGrad', problem, dy, filter, dx);
}

function gather(
  call: Recording,
  direction: Direction,
  { g, bias }: Problem,
  source: TensorInfo,
  filter: TensorInfo,
  result: TensorInfo,
): void {
  const wide = g.inChannels % 4 === 0;
  const size = util.sizeFromShape(result.shape) / (wide ? 4 : 1);
  if (size === 0) return;
  const params = { size, ...paramsOf(g, wide) };
  const operands = { source, weights: filter, result, ...(bias && { bias }) };
  call.run(gatherShader(direction, wide, bias !== undefined), operands, params, flatGroups(size, WORKGROUP));
}

/** Records dw[k, c] = Σ_o x[o·stride − before + k·dilation, c]·dy[o, c] into `dw`. */
export function depthwiseFilterGrad(
  call: Recording,
  { g }: Problem,
  x: TensorInfo,
  dy: TensorInfo,
  dw: TensorInfo,
): void {
  const wide = g.inChannels % 4 === 0;
  const channels = wide ? g.inChannels / 4 : g.inChannels;
  const size = util.sizeFromShape(dw.shape);
  if (size === 0) return;
  const lanes = Math.min(LANES, 2 ** Math.ceil(Math.log2(channels)));
  const laneTiles = Math.ceil(channels / lanes);
  const voxels = g.batch * volume(g.output);
  const sums = volume(g.size) * laneTiles;
  const share = Math.max(1, Math.ceil(voxels / splitCount(sums * WORKGROUP, voxels, size)));
  const parts = Math.max(1, Math.ceil(voxels / share));
  const from = call.scratch(parts * size);
  call.run(
    filterGradShader(wide, lanes),
    { source: x, gradient: dy, parts: from },
    { tiles: sums * parts, laneTiles, voxels, share, ...paramsOf(g, wide) },
    flatGroups(sums * parts),
  );
  sumParts(call, { from, parts, size, columns: g.inChannels }, dw);
}

const PARAMS: Record<string, Scalar> = {
  channels: 'u32',
  ...declared<Scalar>('i32', 'input', 'output', 'taps', 'stride', 'before', 'dilation'),
};

const paramsOf = (g: ConvGeometry, wide: boolean): Record<string, number> => ({
  channels: wide ? g.inChannels / 4 : g.inChannels,
  ...numbered('input', g.input),
  ...numbered('output', g.output),
  ...numbered('taps', g.size),
  ...numbered('stride', g.strides),
  ...numbered('before', g.before),
  ...numbered('dilation', g.dilations),
});

/** Declares, for an axis, where a tap of voxel `at` reads, −1 where nowhere; and `split(voxel)`, its place [n, d, h, w]. */
const declarations = (direction: Direction): string => {
  const [from, to] = direction === 'forward' ? ['output', 'input'] : ['input', 'output'];
  const place =
    direction === 'forward'
      ? 'let to = at * stride - before + tap * dilation;'
      : `let reached = at + before - tap * dilation;
  if (reached % stride != 0) { return -1; }
  let to = reached / stride;`;
  return `
fn reach(at: i32, tap: i32, stride: i32, before: i32, dilation: i32, size: i32) -> i32 {
  ${place}
  return select(-1, to, to >= 0 && to < size);
}
${AXES.map(
  (a) =>
    `fn reach${a}(at: i32, tap: i32) -> i32 { return reach(at, tap, p.stride${a}, p.before${a}, p.dilation${a}, p.${to}${a}); }`,
).join('\n')}
fn split(voxel: u32) -> vec4<i32> {
  let grid = vec3<u32>(vec3(p.${from}0, p.${from}1, p.${from}2));
  let plane = voxel / grid.z / grid.y;
  return vec4<i32>(vec4(plane / grid.x, plane % grid.x, voxel / grid.z % grid.y, voxel % grid.z));
}
fn at(n: i32, d: i32, h: i32, w: i32) -> u32 {
  return u32(((n * p.${to}0 + d) * p.${to}1 + h) * p.${to}2 + w) * p.channels;
}`;
};

const gatherShader = (direction: Direction, wide: boolean, bias: boolean): Shader =>
  shader(`depthwise ${direction}${wide ? ' wide' : ''}${bias ? ' bias' : ''}`, () => {
    const element = elementOf(wide);
    return {
      inputs: { source: element, weights: element, ...(bias && { bias: element }) },
      outputs: { result: element },
      params: { size: 'u32', ...PARAMS },
      workgroup: [WORKGROUP],
      declarations: declarations(direction),
      body: `
  if (index >= p.size) { return; }
  let channel = index % p.channels;
  let voxel = split(index / p.channels);
  var sum = ${bias ? 'bias[channel]' : `${element}()`};
  for (var a = 0; a < p.taps0; a++) {
    let d = reach0(voxel.y, a);
    if (d < 0) { continue; }
    for (var b = 0; b < p.taps1; b++) {
      let h = reach1(voxel.z, b);
      if (h < 0) { continue; }
      for (var c = 0; c < p.taps2; c++) {
        let w = reach2(voxel.w, c);
        if (w < 0) { continue; }
        let tap = u32((a * p.taps1 + b) * p.taps2 + c);
        sum += source[at(voxel.x, d, h, w) + channel] * weights[tap * p.channels + channel];
      }
    }
  }
  result[index] = sum;`,
    };
  });

/** A workgroup sums one tap of some channels over a share of the voxels. */
const filterGradShader = (wide: boolean, lanes: number): Shader =>
  shader(`depthwise filterGrad ${lanes}${wide ? ' wide' : ''}`, () => {
    const element = elementOf(wide);
    return {
      inputs: { source: element, gradient: element },
      outputs: { parts: element },
      params: { tiles: 'u32', laneTiles: 'u32', voxels: 'u32', share: 'u32', ...PARAMS },
      workgroup: [WORKGROUP],
      declarations: `${declarations('forward')}
var<workgroup> sums: array<${element}, ${WORKGROUP}>;`,
      body: `
  let tile = group.y * groups.x + group.x;
  if (tile >= p.tiles) { return; }
  let channel = tile % p.laneTiles * ${lanes}u + thread % ${lanes}u;
  let tapCount = u32(p.taps0 * p.taps1 * p.taps2);
  let tap = tile / p.laneTiles % tapCount;
  let part = tile / p.laneTiles / tapCount;
  let place = vec3<i32>(vec3(tap / u32(p.taps1 * p.taps2), tap / u32(p.taps2) % u32(p.taps1), tap % u32(p.taps2)));
  let last = min((part + 1u) * p.share, p.voxels);
  var sum = ${element}();
  if (channel < p.channels) {
    for (var v = part * p.share + thread / ${lanes}u; v < last; v += ${WORKGROUP / lanes}u) {
      let voxel = split(v);
      let d = reach0(voxel.y, place.x);
      let h = reach1(voxel.z, place.y);
      let w = reach2(voxel.w, place.z);
      if (min(d, min(h, w)) >= 0) { sum += source[at(voxel.x, d, h, w) + channel] * gradient[v * p.channels + channel]; }
    }
  }
  sums[thread] = sum;
  for (var half = ${WORKGROUP / 2}u; half >= ${lanes}u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { sums[thread] += sums[thread + half]; }
  }
  if (thread < ${lanes}u && channel < p.channels) { parts[(part * tapCount + tap) * p.channels + channel] = sums[thread]; }`,
    };
  });
