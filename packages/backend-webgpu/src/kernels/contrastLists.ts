import { shader } from '../gpu/shader.js';
import { WORKGROUP, workgroupPrefix, workgroupTree } from './workgroupSums.js';

// Each class has a list of its members, the valid voxels with its label, in rising order, and one of the hard ones among them. Voxels
// are counted by blocks; the blocks' counts give where in the lists each begins; then voxels write themselves there. Tables of both kinds
// of list are [2, classes, …].

/** Voxels that a thread looks at, one after the other. */
const RUN = 16;
/** Voxels that a workgroup looks at. */
export const BLOCK = RUN * WORKGROUP;
/** Classes that a workgroup works on at a time, a quad. */
export const FOUR = 4;

/** WGSL of `classOf(voxel)`, its class if it is valid, else −1, and `fourFrom(quad)`, the classes of a quad. */
export const CLASS_OF = `
fn classOf(voxel: u32) -> i32 {
  let label = labels[voxel];
  return select(-1, label, u32(label) < p.classes && valid[voxel] != 0.0);
}
fn fourFrom(quad: u32) -> vec4<i32> { return vec4<i32>(i32(quad * ${FOUR}u)) + vec4(0, 1, 2, 3); }`;

/** WGSL of `tallyOf(first, end, four)`: members of four classes in the lower 16 bits, hard ones above: a block has 4096 at most. */
const TALLY_OF = `${CLASS_OF}
fn isHard(voxel: u32, c: i32) -> bool { return probabilities[voxel * p.classes + u32(c)] < p.threshold; }
fn tallyOf(first: u32, end: u32, four: vec4<i32>) -> vec4<u32> {
  var tally = vec4<u32>();
  for (var voxel = first; voxel < end; voxel++) {
    let c = classOf(voxel);
    if (c >= 0) {
      let one = select(1u, 0x10001u, isHard(voxel, c));
      tally += select(vec4<u32>(), vec4<u32>(one), vec4<i32>(c) == four);
    }
  }
  return tally;
}`;

/** What opens the work on a block's voxels. */
const OPEN_BLOCK = `
  let number = group.y * groups.x + group.x;
  let quad = number % p.quads;
  let block = number / p.quads;
  if (block >= p.blocks) { return; }
  let four = fourFrom(quad);
  let first = block * ${BLOCK}u + thread * ${RUN}u;
  let end = min(first + ${RUN}u, p.voxels);`;

const voxelParams = {
  voxels: 'u32',
  classes: 'u32',
  quads: 'u32',
  blocks: 'u32',
  threshold: 'f32',
  half: 'u32',
} as const;

/** tallies [2, classes, blocks]: how many members and hard members each block has. */
export const TALLIES = () =>
  shader('contrastTallies', () => ({
    inputs: { labels: 'i32', valid: 'f32', probabilities: 'f32' },
    outputs: { tallies: 'u32' },
    params: voxelParams,
    workgroup: [WORKGROUP],
    declarations: TALLY_OF + workgroupTree('sumOf', 'vec4<u32>'),
    body: `${OPEN_BLOCK}
  let tally = sumOf(thread, tallyOf(first, end, four));
  let c = quad * ${FOUR}u + thread;
  if (thread < ${FOUR}u && c < p.classes) {
    tallies[c * p.blocks + block] = tally[thread] & 0xffffu;
    tallies[(p.classes + c) * p.blocks + block] = tally[thread] >> 16u;
  }`,
  }));

/** Replaces each tally by the sum of those before it of its class and kind, whose total goes into `totals` [2, classes]. */
export const PLACES = () =>
  shader('contrastPlaces', () => ({
    outputs: { tallies: 'u32', totals: 'u32', members: 'f32', hard: 'f32' },
    params: { classes: 'u32', blocks: 'u32', half: 'u32' },
    workgroup: [WORKGROUP],
    declarations: workgroupPrefix('before', 'u32'),
    body: `
  let column = group.x;
  let each = (p.blocks + ${WORKGROUP - 1}u) / ${WORKGROUP}u;
  let first = column * p.blocks + min(thread * each, p.blocks);
  let end = column * p.blocks + min((thread + 1u) * each, p.blocks);
  var count = 0u;
  for (var i = first; i < end; i++) { count += tallies[i]; }
  var place = before(thread, count);
  for (var i = first; i < end; i++) {
    let tally = tallies[i];
    tallies[i] = place;
    place += tally;
  }
  if (thread == ${WORKGROUP - 1}u) {
    totals[column] = place;
    if (column < p.classes) { members[column] = f32(place); } else { hard[column - p.classes] = f32(place); }
  }`,
  }));

/** WGSL of `startOf(kind, c)`: where the list of class c begins in all members (kind 0) or all hard ones (1). */
export const START_OF = `
fn startOf(kind: u32, c: u32) -> u32 {
  var start = 0u;
  for (var j = 0u; j < c; j++) { start += totals[kind * p.classes + j]; }
  return start;
}`;

/** The members of each class after each other, and the hard ones. */
export const LISTS = () =>
  shader('contrastLists', () => ({
    inputs: { labels: 'i32', valid: 'f32', probabilities: 'f32', places: 'u32', totals: 'u32' },
    outputs: { members: 'u32', hard: 'u32' },
    params: voxelParams,
    workgroup: [WORKGROUP],
    declarations: `${TALLY_OF}${START_OF}${workgroupPrefix('before', 'vec4<u32>')}
fn firstOf(kind: u32, quad: u32, block: u32) -> vec4<u32> {
  var first = vec4<u32>();
  for (var i = 0u; i < min(${FOUR}u, p.classes - quad * ${FOUR}u); i++) {
    let c = quad * ${FOUR}u + i;
    first[i] = startOf(kind, c) + places[(kind * p.classes + c) * p.blocks + block];
  }
  return first;
}`,
    body: `${OPEN_BLOCK}
  let tally = before(thread, tallyOf(first, end, four));
  var memberPlace = firstOf(0u, quad, block) + (tally & vec4<u32>(0xffffu));
  var hardPlace = firstOf(1u, quad, block) + (tally >> vec4<u32>(16u));
  for (var voxel = first; voxel < end; voxel++) {
    let c = classOf(voxel);
    if (c < four.x || c > four.w) { continue; }
    let lane = u32(c - four.x);
    members[memberPlace[lane]] = voxel;
    memberPlace[lane] += 1u;
    if (isHard(voxel, c)) {
      hard[hardPlace[lane]] = voxel;
      hardPlace[lane] += 1u;
    }
  }`,
  }));
