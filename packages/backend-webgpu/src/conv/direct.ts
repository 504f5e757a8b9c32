import type { ConvGeometry, Triple } from '@crln/core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { flatGroups, type Scalar, type Shader, shader } from '../gpu/shader.js';
import type { Recording } from '../product/run.js';
import { type DirectTile, directTile, tiles } from '../product/tiles.js';
import { elementOf, type Finish, indices, writer } from '../product/wgsl.js';
import { declared, numbered, perAxis, vector, volume } from './axes.js';

/** The two volumes between which a convolution, or its input gradient, goes. */
export interface Volumes {
  source: Triple;
  sourceChannels: number;
  result: Triple;
  resultChannels: number;
}

/** A 3×3×3 convolution of stride 1, or the input gradient of one: the convolution with the mirrored filter. */
export interface Direct extends Volumes {
  batch: number;
  /** Voxels of zero before each axis of the source. */
  before: Triple;
  /** The filter is [27, result channels, source channels], its taps in reverse; else [27, source channels, result channels]. */
  mirrored: boolean;
  tensors: { source: TensorInfo; filter: TensorInfo; bias: TensorInfo | undefined; result: TensorInfo };
}

/** Result voxels of a workgroup along D, H, W. A thread takes all along W. */
const BLOCK: Triple = [4, 8, 8];
const WINDOW: Triple = [BLOCK[0] + 2, BLOCK[1] + 2, BLOCK[2] + 2];
/** Odd, so that threads that read neighbouring rows at once use different banks. */
const PITCH = WINDOW[2] + 1;

/** Workgroups along each axis. */
const blocksOf = (size: Triple): Triple => perAxis((a) => Math.ceil(size[a] / BLOCK[a]));

/** Whether {@link direct} can take a convolution and is worth it: blocks that are mostly full, and enough of them. */
export function suitsDirect(g: ConvGeometry, { result, resultChannels }: Volumes): boolean {
  const plain = [...g.strides, ...g.dilations].every((n) => n === 1) && g.size.every((n) => n === 3);
  if (!plain) return false;
  const blocks = volume(blocksOf(result));
  const groups = g.batch * blocks * Math.ceil(resultChannels / directTile(resultChannels).columns);
  return groups >= tiles.leastDirectGroups && volume(result) >= tiles.leastDirectFill * blocks * volume(BLOCK);
}

/**
 * Records the convolution: a workgroup holds the source's window of its block in workgroup memory, four channels at a time, so that each
 * value is fetched once for 27 taps, and a thread computes a row of 8 voxels, whose 10 source voxels serve the three taps of a row.
 */
export function direct(call: Recording, job: Direct): void {
  const { batch, source, sourceChannels, result, resultChannels, before, mirrored, tensors } = job;
  const tile = directTile(resultChannels);
  const wide = sourceChannels % 4 === 0;
  const blocks = blocksOf(result);
  const columnTiles = Math.ceil(resultChannels / tile.columns);
  const groups = batch * volume(blocks) * columnTiles;
  const { bias, filter, source: x, result: y } = tensors;
  call.run(
    directShader(tile, wide, { wide: resultChannels % 4 === 0, bias: bias !== undefined, relu: false }),
    { source: x, kernel: filter, y, ...(bias && { bias }) },
    {
      ...{ tiles: groups, columnTiles, columns: resultChannels, channels: wide ? sourceChannels / 4 : sourceChannels },
      ...{ mirrored: mirrored ? 26 : 0, ofTap: sourceChannels * resultChannels },
      ...{ ofSource: mirrored ? 1 : resultChannels, ofResult: mirrored ? sourceChannels : 1 },
      ...numbered('blocks', blocks),
      ...numbered('extent', source),
      ...numbered('size', result),
      ...numbered('before', before),
    },
    flatGroups(groups),
  );
}

function directShader(tile: DirectTile, wide: boolean, finish: Finish): Shader {
  const { columns, threadColumns } = tile;
  const across = columns / threadColumns;
  const threads = BLOCK[0] * BLOCK[1] * across;
  const width = wide ? 4 : 1;
  const [source, result] = [elementOf(wide), elementOf(finish.wide)];
  const filterSize = (9 * width * columns) / 4;
  const shares = indices(threadColumns / 4);
  const voxels = indices(BLOCK[2]);
  const key = `direct ${columns}/${threadColumns} ${source} ${result}${finish.bias ? ' bias' : ''}`;
  return shader(key, () => ({
    inputs: { source, kernel: 'f32', ...(finish.bias && { bias: result }) },
    outputs: { y: result },
    params: {
      ...{ tiles: 'u32', columnTiles: 'u32', columns: 'u32', channels: 'u32', mirrored: 'u32' },
      ...{ ofTap: 'u32', ofSource: 'u32', ofResult: 'u32' },
      ...declared<Scalar>('u32', 'blocks', 'extent', 'size'),
      ...declared<Scalar>('i32', 'before'),
    },
    workgroup: [threads],
    declarations: `
var<workgroup> window: array<${source}, ${WINDOW[0] * WINDOW[1] * PITCH}>;
var<workgroup> weights: array<vec4<f32>, ${filterSize}>;
${writer(finish)}`,
    body: `
  let tile = group.y * groups.x + group.x;
  if (tile >= p.tiles) { return; }
  columnCount = p.columns;
  let column0 = tile % p.columnTiles * ${columns}u;
  let block = tile / p.columnTiles;
  let plane = block / p.blocks2 / p.blocks1;
  let corner = vec3(plane % p.blocks0, block / p.blocks2 % p.blocks1, block % p.blocks2) * vec3(${BLOCK.join('u, ')}u);
  let number = plane / p.blocks0;
  let low = vec3<i32>(corner) - ${vector('before')};
  let tx = thread % ${across}u;
  let ty = thread / ${across}u % ${BLOCK[1]}u;
  let tz = thread / ${across * BLOCK[1]}u;
  ${voxels.flatMap((x) => shares.map((c) => `var sum${x}_${c} = vec4<f32>();`)).join(' ')}
  for (var unit = 0u; unit < p.channels; unit++) {
    workgroupBarrier();
    for (var e = thread; e < ${volume(WINDOW)}u; e += ${threads}u) {
      let place = vec3(e / ${WINDOW[1] * WINDOW[2]}u, e / ${WINDOW[2]}u % ${WINDOW[1]}u, e % ${WINDOW[2]}u);
      let at = vec3<u32>(low + vec3<i32>(place));
      var value = ${source}();
      if (all(at < vec3(p.extent0, p.extent1, p.extent2))) {
        value = source[(((number * p.extent0 + at.x) * p.extent1 + at.y) * p.extent2 + at.z) * p.channels + unit];
      }
      window[(place.x * ${WINDOW[1]}u + place.y) * ${PITCH}u + place.z] = value;
    }
    for (var a = 0u; a < 3u; a++) {
      if (a > 0u) { workgroupBarrier(); }
      for (var e = thread; e < ${filterSize}u; e += ${threads}u) {
        let n = column0 + 4u * (e % ${columns / 4}u);
        let channel = unit * ${width}u + e / ${columns / 4}u % ${width}u;
        let tap = a * 9u + e / ${(columns / 4) * width}u;
        let at = select(tap, p.mirrored - tap, p.mirrored > 0u) * p.ofTap + channel * p.ofSource + n * p.ofResult;
        var value = vec4<f32>();
        for (var i = 0u; i < 4u; i++) {
          if (n + i < p.columns) { value[i] = kernel[at + i * p.ofResult]; }
        }
        weights[e] = value;
      }
      workgroupBarrier();
      for (var b = 0u; b < 3u; b++) {
        let row = ((tz + a) * ${WINDOW[1]}u + ty + b) * ${PITCH}u;
        ${indices(WINDOW[2])
          .map((x) => `let s${x} = window[row + ${x}u];`)
          .join(' ')}
        let weight = b * ${3 * width * (columns / 4)}u + tx;
        ${multiply(tile, width)}
      }
    }
  }
  let row = corner + vec3(tz, ty, 0u);
  if (row.x >= p.size0 || row.y >= p.size1) { return; }
  let voxel = ((number * p.size0 + row.x) * p.size1 + row.y) * p.size2 + row.z;
  let n = column0 / 4u + tx;
  ${voxels
    .map(
      (x) =>
        `if (row.z + ${x}u < p.size2) { ${shares.map((c) => `write(voxel + ${x}u, n + ${c * across}u, sum${x}_${c});`).join(' ')} }`,
    )
    .join('\n  ')}`,
  }));
}

/** One row of taps: its three taps, their channels, and all sums of the thread. */
function multiply({ columns, threadColumns }: DirectTile, width: number): string {
  const across = columns / threadColumns;
  const lines: string[] = [];
  for (const c of [0, 1, 2])
    for (const channel of indices(width))
      for (const share of indices(threadColumns / 4)) {
        const name = `w${c}_${channel}_${share}`;
        const part = width === 4 ? `.${'xyzw'[channel]}` : '';
        lines.push(`let ${name} = weights[weight + ${((c * width + channel) * columns) / 4 + share * across}u];`);
        for (const x of indices(BLOCK[2])) lines.push(`sum${x}_${share} += s${x + c}${part} * ${name};`);
      }
  return lines.join('\n        ');
}
