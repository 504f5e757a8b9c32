import { shader } from '../gpu/shader.js';
import { BLOCK, CLASS_OF, FOUR } from './contrastLists.js';
import { EXPONENTIALS } from './exponentials.js';
import { compensatedSum, WORKGROUP, workgroupTree } from './workgroupSums.js';

/** How many threads side by side have channels side by side in {@link ROW_SUMS}. */
export const tileOf = (width: number): number => Math.min(2 ** Math.ceil(Math.log2(width)), WORKGROUP);

/** partials [classes, width, blocks]: sums of the rows of a block's members. */
export const ROW_SUMS = (tile: number) =>
  shader(`contrastRowSums ${tile}`, () => ({
    inputs: { rows: 'f32', labels: 'i32', valid: 'f32' },
    outputs: { partials: 'u32' },
    params: { voxels: 'u32', classes: 'u32', quads: 'u32', blocks: 'u32', width: 'u32', tiles: 'u32', half: 'u32' },
    workgroup: [WORKGROUP],
    declarations: CLASS_OF + compensatedSum('vec4<f32>') + workgroupTree('sumsOf', 'vec4<f32>', { stride: tile }),
    body: `
  let number = group.y * groups.x + group.x;
  let channel = number % p.tiles * ${tile}u + thread % ${tile}u;
  let quad = number / p.tiles % p.quads;
  let block = number / p.tiles / p.quads;
  if (block >= p.blocks) { return; }
  let four = fourFrom(quad);
  let end = min((block + 1u) * ${BLOCK}u, p.voxels);
  var sums = Sum();
  for (var voxel = block * ${BLOCK}u + thread / ${tile}u; voxel < end; voxel += ${WORKGROUP / tile}u) {
    let mine = vec4<i32>(classOf(voxel)) == four;
    if (any(mine) && channel < p.width) {
      sums = added(sums, select(vec4<f32>(), vec4<f32>(rows[voxel * p.width + channel]), mine));
    }
  }
  let total = bitcast<vec4<u32>>(sumsOf(thread, totalOf(sums)));
  if (thread < ${tile}u && channel < p.width) {
    for (var i = 0u; i < min(${FOUR}u, p.classes - quad * ${FOUR}u); i++) {
      partials[((quad * ${FOUR}u + i) * p.width + channel) * p.blocks + block] = total[i];
    }
  }`,
  }));

/**
 * means [classes, width], and how likely a negative of class c is one of class j: odds [c, j] = e^((cos(meanᶜ, meanʲ) − 1)/temperature),
 * unscaled; 0 where j has no members.
 */
export const ODDS = () =>
  shader('contrastOdds', () => ({
    inputs: { sums: 'f32', totals: 'u32' },
    outputs: { means: 'f32', odds: 'f32' },
    params: { classes: 'u32', width: 'u32', temperature: 'f32' },
    workgroup: [WORKGROUP],
    declarations: `${EXPONENTIALS}
fn inner(a: u32, b: u32) -> f32 {
  var sum = 0.0;
  for (var i = 0u; i < p.width; i++) { sum += means[a * p.width + i] * means[b * p.width + i]; }
  return sum;
}
fn lengthOf(c: u32) -> f32 { return sqrt(max(inner(c, c), 1e-16)); }`,
    body: `
  for (var i = thread; i < p.classes * p.width; i += ${WORKGROUP}u) {
    means[i] = sums[i] / max(f32(totals[i / p.width]), 1.0);
  }
  storageBarrier();
  for (var i = thread; i < p.classes * p.classes; i += ${WORKGROUP}u) {
    let c = i / p.classes;
    let j = i % p.classes;
    let cosine = inner(c, j) / (lengthOf(c) * lengthOf(j));
    odds[i] = select(0.0, exponential((cosine - 1.0) / p.temperature), totals[j] > 0u);
  }`,
  }));
