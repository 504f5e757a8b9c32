import type { ConvGeometry, Triple } from '@crln/core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { flatGroups, type Shader, shader } from '../gpu/shader.js';
import { elementOf } from '../product/operands.js';
import type { Recording } from '../product/run.js';
import { type DirectTile, directTile, tiles } from '../product/tiles.js';

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

const ceilings = (size: Triple): Triple => [
  Math.ceil(size[0] / BLOCK[0]),
  Math.ceil(size[1] / BLOCK[1]),
  Math.ceil(size[2] / BLOCK[2]),
];
const volume = ([d, h, w]: Triple): number => d * h * w;

/** Whether {@link direct} can take a convolution and is worth it: blocks that are mostly full, and enough of them. */
export function suitsDirect(g: ConvGeometry, { result, resultChannels }: Volumes): boolean {
  const plain = [...g.strides, ...g.dilations].every((n) => n === 1) && g.size.every((n) => n === 3);
  if (!plain) return false;
  const blocks = volume(ceilings(result));
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
  const wideResult = resultChannels % 4 === 0;
  const blocks = ceilings(result);
  const columnTiles = Math.ceil(resultChannels / tile.columns);
  const groups = batch * volume(blocks) * columnTiles;
  const { bias, filter, ...volumes } = tensors;
  call.run(
    directShader(tile, wide, wideResult, bias !== undefined),
    { ...volumes, kernel: filter, ...(bias && { bias }) },
    {
      ...{ tiles: groups, columnTiles, columns: resultChannels },
      ...{ blocks0: blocks[0], blocks1: blocks[1], blocks2: blocks[2] },
      ...{
        depth: source[0],
        height: source[1],
        width: source[2],
        channels: wide ? sourceChannels / 4 : sourceChannels,
      },
      ...{ depth2: result[0], height2: result[1], width2: result[2] },
      ...{ before0: before[0], before1: before[1], before2: before[2] },
      ...{ mirrored: mirrored ? 26 : 0, ofTap: sourceChannels * resultChannels },
      ...{ ofSource: mirrored ? 1 : resultChannels, ofResult: mirrored ? sourceChannels : 1 },
    },
    flatGroups(groups),
  );
}

const indices = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function directShader(tile: DirectTile, wide: boolean, wideResult: boolean, bias: boolean): Shader {
  const { columns, threadColumns } = tile;
  const across = columns / threadColumns;
  const threads = BLOCK[0] * BLOCK[1] * across;
  const width = wide ? 4 : 1;
  const [source, result] = [elementOf(wide), elementOf(wideResult)];
  const filterSize = (9 * width * columns) / 4;
  const shares = indices(threadColumns / 4);
  const voxels = indices(BLOCK[2]);
  const key = `direct ${columns}/${threadColumns} ${source} ${result}${bias ? ' bias' : ''}`;
  return shader(key, () => ({
    inputs: { source, kernel: 'f32', ...(bias && { bias: result }) },
    outputs: { result },
    params: {
      ...{ tiles: 'u32', columnTiles: 'u32', columns: 'u32', blocks0: 'u32', blocks1: 'u32', blocks2: 'u32' },
      ...{ depth: 'u32', height: 'u32', width: 'u32', channels: 'u32', depth2: 'u32', height2: 'u32', width2: 'u32' },
      ...{
        before0: 'i32',
        before1: 'i32',
        before2: 'i32',
        mirrored: 'u32',
        ofTap: 'u32',
        ofSource: 'u32',
        ofResult: 'u32',
      },
    },
    workgroup: [threads],
    declarations: `
var<workgroup> window: array<${source}, ${WINDOW[0] * WINDOW[1] * PITCH}>;
var<workgroup> weights: array<vec4<f32>, ${filterSize}>;
fn write(voxel: u32, n: u32, value: vec4<f32>) {
  ${
    wideResult
      ? `if (4u * n < p.columns) { result[voxel * (p.columns / 4u) + n] = value${bias ? ' + bias[n]' : ''}; }`
      : `for (var i = 0u; i < 4u; i++) {
    let column = 4u * n + i;
    if (column < p.columns) { result[voxel * p.columns + column] = value[i]${bias ? ' + bias[column]' : ''}; }
  }`
  }
}`,
    body: `
  let tile = group.y * groups.x + group.x;
  if (tile >= p.tiles) { return; }
  let column0 = tile % p.columnTiles * ${columns}u;
  let block = tile / p.columnTiles;
  let plane = block / p.blocks2 / p.blocks1;
  let corner = vec3(plane % p.blocks0, block / p.blocks2 % p.blocks1, block % p.blocks2) * vec3(${BLOCK.join('u, ')}u);
  let number = plane / p.blocks0;
  let low = vec3<i32>(corner) - vec3(p.before0, p.before1, p.before2);
  let tx = thread % ${across}u;
  let y = thread / ${across}u % ${BLOCK[1]}u;
  let z = thread / ${across * BLOCK[1]}u;
  ${voxels.flatMap((x) => shares.map((c) => `var sum${x}_${c} = vec4<f32>();`)).join(' ')}
  for (var unit = 0u; unit < p.channels; unit++) {
    workgroupBarrier();
    for (var e = thread; e < ${volume(WINDOW)}u; e += ${threads}u) {
      let place = vec3(e / ${WINDOW[1] * WINDOW[2]}u, e / ${WINDOW[2]}u % ${WINDOW[1]}u, e % ${WINDOW[2]}u);
      let at = vec3<u32>(low + vec3<i32>(place));
      var value = ${source}();
      if (all(at < vec3(p.depth, p.height, p.width))) {
        value = source[(((number * p.depth + at.x) * p.height + at.y) * p.width + at.z) * p.channels + unit];
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
        let row = ((z + a) * ${WINDOW[1]}u + y + b) * ${PITCH}u;
        ${indices(WINDOW[2])
          .map((x) => `let s${x} = window[row + ${x}u];`)
          .join(' ')}
        let weight = b * ${3 * width * (columns / 4)}u + tx;
        ${multiply(tile, width)}
      }
    }
  }
  let row = corner + vec3(z, y, 0u);
  if (row.x >= p.depth2 || row.y >= p.height2) { return; }
  let voxel = ((number * p.depth2 + row.x) * p.height2 + row.y) * p.width2 + row.z;
  let n = column0 / 4u + tx;
  ${voxels
    .map(
      (x) =>
        `if (row.z + ${x}u < p.width2) { ${shares.map((c) => `write(voxel + ${x}u, n + ${c * across}u, sum${x}_${c});`).join(' ')} }`,
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
