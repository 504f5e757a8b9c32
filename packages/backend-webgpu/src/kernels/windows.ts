import type { Triple } from '@crln/core';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, type Shader, shader } from '../gpu/shader.js';
import type { KernelCall, Operand } from '../kernelConfig.js';
import { laneCode, laneOf } from './lanes.js';
import { each } from './parameters.js';

const WORKGROUP = 256;
const AXES = ['D', 'H', 'W'] as const;

/**
 * Windows over [N, D, H, W, C]: their size and steps, the padding before each axis (below 0 where the first window begins inside), and
 * how many there are along each.
 */
export interface Windows {
  shape: readonly number[];
  counts: Triple;
  size: Triple;
  strides: Triple;
  before: Triple;
}

/** Names of parameters and their values, a number for each axis. */
const fields = (name: string) => AXES.map((axis) => `${name}${axis}`);
const spread = (name: string, values: Triple) =>
  Object.fromEntries(AXES.map((axis, a) => [`${name}${axis}`, values[a]!]));

const PARAMS = Object.fromEntries([
  ...['elements', 'channels'].map((name) => [name, 'u32']),
  ...['input', 'count', 'size', 'stride', 'before'].flatMap(fields).map((name) => [name, 'i32']),
]) as Record<string, 'u32' | 'i32'>;

const triple = (name: string): string => `vec3<i32>(${AXES.map((axis) => `p.${name}${axis}`).join(', ')})`;

/**
 * WGSL: where a voxel and a window of sample `n` begin in arrays of them, the voxels that a window sees, and the windows that see a
 * voxel; both end before `end…`.
 */
const GEOMETRY = `
fn voxelAt(n: i32, v: vec3<i32>) -> u32 { return u32(((n * p.inputD + v.x) * p.inputH + v.y) * p.inputW + v.z) * p.channels; }
fn windowAt(n: i32, w: vec3<i32>) -> u32 { return u32(((n * p.countD + w.x) * p.countH + w.y) * p.countW + w.z) * p.channels; }
fn corner(w: vec3<i32>) -> vec3<i32> { return w * ${triple('stride')} - ${triple('before')}; }
fn firstVoxel(w: vec3<i32>) -> vec3<i32> { return max(corner(w), vec3<i32>(0)); }
fn endVoxel(w: vec3<i32>) -> vec3<i32> { return min(corner(w) + ${triple('size')}, ${triple('input')}); }
fn firstWindow(v: vec3<i32>) -> vec3<i32> {
  return max(v + ${triple('before')} - ${triple('size')} + ${triple('stride')}, vec3<i32>(0)) / ${triple('stride')};
}
fn endWindow(v: vec3<i32>) -> vec3<i32> {
  return min(max(v + ${triple('before')} + ${triple('stride')}, vec3<i32>(0)) / ${triple('stride')}, ${triple('count')});
}`;

/** WGSL that goes through places `name`, voxels or windows, from `begin` to before `end` in D, H, W order. */
export const eachPlace = (name: string, begin: string, end: string, body: string): string => `
  for (var ${name}D = ${begin}.x; ${name}D < ${end}.x; ${name}D++) {
    for (var ${name}H = ${begin}.y; ${name}H < ${end}.y; ${name}H++) {
      for (var ${name}W = ${begin}.z; ${name}W < ${end}.z; ${name}W++) {
        let ${name} = vec3<i32>(${name}D, ${name}H, ${name}W);
        ${body}
      }
    }
  }`;

export interface WindowSource {
  inputs: readonly string[];
  output: string;
  /** Whether a thread has a window, or a voxel and the windows that see it. */
  over: 'windows' | 'voxels';
  declarations?: string;
  body: string;
}

/**
 * The shader of a pass with a thread for each lane of a window or voxel. Its body sees the thread's `index` in such an array, its
 * sample `n` and its place: `window`, which sees the voxels from `begin` to before `end`; or `voxel`, seen by such windows.
 */
export function windowShader(key: string, { shape }: Windows, make: () => WindowSource): Shader {
  const element = laneOf(shape.at(-1)!);
  return shader(`${key} ${element}`, () => {
    const { inputs, output, over, declarations = '', body } = make();
    const windows = over === 'windows';
    const dimensions = AXES.map((axis) => `u32(p.${windows ? 'count' : 'input'}${axis})`);
    const place = windows ? 'window' : 'voxel';
    return {
      inputs: each(inputs, element),
      outputs: { [output]: element },
      params: PARAMS,
      workgroup: [WORKGROUP],
      declarations: `${laneCode(element)}\n${GEOMETRY}\n${declarations}`,
      body: `
  if (index >= p.elements) { return; }
  let channel = index % p.channels;
  var rest = index / p.channels;
  var ${place} = vec3<i32>(0);
  ${place}.z = i32(rest % ${dimensions[2]});
  rest /= ${dimensions[2]};
  ${place}.y = i32(rest % ${dimensions[1]});
  rest /= ${dimensions[1]};
  ${place}.x = i32(rest % ${dimensions[0]});
  let n = i32(rest / ${dimensions[0]});
  let begin = ${windows ? 'firstVoxel(window)' : 'firstWindow(voxel)'};
  let end = ${windows ? 'endVoxel(window)' : 'endWindow(voxel)'};
${body}`,
    };
  });
}

/** Runs a {@link windowShader} over the array that it writes. */
export function runWindows(
  run: KernelCall<unknown, unknown>['run'],
  program: Shader,
  { shape, counts, size, strides, before }: Windows,
  operands: Record<string, Operand>,
  output: TensorInfo,
): void {
  const lane = laneOf(shape.at(-1)!) === 'f32' ? 1 : 4;
  const elements = util.sizeFromShape(output.shape) / lane;
  const params = {
    ...{ elements, channels: shape.at(-1)! / lane },
    ...spread('input', shape.slice(1, 4) as Triple),
    ...{ ...spread('count', counts), ...spread('size', size) },
    ...{ ...spread('stride', strides), ...spread('before', before) },
  };
  run(program, operands, params, flatGroups(elements, WORKGROUP));
}
