import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Block } from '../gpu/pool.js';
import { flatGroups, type Shader, shader } from '../gpu/shader.js';
import type { KernelCall } from '../kernelConfig.js';
import { rowOf, sizeNames, sizeParams } from './indices.js';
import { each } from './parameters.js';

const WORKGROUP = 256;
/** Pairs that a workgroup sorts in its own memory. */
const BLOCK = 1024;

const COMPARISON = `
fn isAfter(row: u32, place: u32, otherRow: u32, otherPlace: u32) -> bool {
  return row > otherRow || (row == otherRow && place > otherPlace);
}
// The lower of two elements, so far apart, that are compared.
fn lowerOf(comparison: u32, distance: u32) -> u32 {
  return comparison / distance * 2 * distance + comparison % distance;
}`;

/** Runs of p.first to p.last pairs sorted as far as that goes within blocks. With a rank, the pairs are made first. */
const withinBlocks = (rank?: number): Shader =>
  shader(`sort within ${rank}`, () => ({
    ...(rank && { inputs: { indices: 'i32' } }),
    outputs: { rows: 'u32', places: 'u32' },
    params: each(['count', 'given', 'first', 'last', ...sizeNames(rank ?? 0)], 'u32'),
    workgroup: [WORKGROUP],
    declarations: `${COMPARISON}${rank ? rowOf(rank) : ''}
var<workgroup> blockRows: array<u32, ${BLOCK}>;
var<workgroup> blockPlaces: array<u32, ${BLOCK}>;`,
    body: `
  let start = (group.y * groups.x + group.x) * ${BLOCK}u;
  if (start >= p.count) { return; }
  for (var i = thread; i < ${BLOCK}u; i += ${WORKGROUP}u) {
    ${
      rank
        ? `blockRows[i] = NOWHERE;
    if (start + i < p.given) { blockRows[i] = rowOf(start + i); }
    blockPlaces[i] = start + i;`
        : 'blockRows[i] = rows[start + i];\nblockPlaces[i] = places[start + i];'
    }
  }
  for (var length = p.first; length <= p.last; length *= 2u) {
    for (var distance = min(length / 2, ${BLOCK / 2}u); distance > 0; distance /= 2u) {
      workgroupBarrier();
      for (var comparison = thread; comparison < ${BLOCK / 2}u; comparison += ${WORKGROUP}u) {
        let low = lowerOf(comparison, distance);
        let high = low + distance;
        let row = blockRows[low];
        let place = blockPlaces[low];
        if (isAfter(row, place, blockRows[high], blockPlaces[high]) == (((start + low) & length) == 0)) {
          blockRows[low] = blockRows[high];
          blockPlaces[low] = blockPlaces[high];
          blockRows[high] = row;
          blockPlaces[high] = place;
        }
      }
    }
  }
  workgroupBarrier();
  for (var i = thread; i < ${BLOCK}u; i += ${WORKGROUP}u) {
    rows[start + i] = blockRows[i];
    places[start + i] = blockPlaces[i];
  }`,
  }));

/** One step of sorting runs of p.length pairs, of which those compared are further apart than a block. */
const acrossBlocks = (): Shader =>
  shader('sort across', () => ({
    outputs: { rows: 'u32', places: 'u32' },
    params: each(['count', 'length', 'distance'], 'u32'),
    workgroup: [WORKGROUP],
    declarations: COMPARISON,
    body: `
  if (index * 2 >= p.count) { return; }
  let low = lowerOf(index, p.distance);
  let high = low + p.distance;
  let row = rows[low];
  let place = places[low];
  let otherRow = rows[high];
  let otherPlace = places[high];
  if (isAfter(row, place, otherRow, otherPlace) == ((low & p.length) == 0)) {
    rows[low] = otherRow;
    places[low] = otherPlace;
    rows[high] = row;
    places[high] = place;
  }`,
  }));

/**
 * The rows of an array of these sizes that indices [count, rank] say, in ascending order, and the places among the indices where
 * each stood, also ascending within a row: by bitonic sorting. An index outside has the row 0xffffffff, at the end.
 */
export function sortedRows(
  { run, scratch }: Pick<KernelCall<unknown, unknown>, 'run' | 'scratch'>,
  indices: TensorInfo,
  given: number,
  sizes: readonly number[],
): { rows: Block; places: Block } {
  const count = Math.max(BLOCK, 2 ** Math.ceil(Math.log2(Math.max(given, 1))));
  const pairs = { rows: scratch(count), places: scratch(count) };
  const blocks = flatGroups(count / BLOCK);
  const made = { count, given, first: 2, last: BLOCK, ...sizeParams(sizes) };
  run(withinBlocks(sizes.length), { indices, ...pairs }, made, blocks);
  for (let length = 2 * BLOCK; length <= count; length *= 2) {
    for (let distance = length / 2; distance >= BLOCK; distance /= 2) {
      run(acrossBlocks(), pairs, { count, length, distance }, flatGroups(count / 2, WORKGROUP));
    }
    run(withinBlocks(), pairs, { count, given, first: length, last: length }, blocks);
  }
  return pairs;
}
