import { KERNELS } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';
import { BLOCK, FOUR, LISTS, PLACES, START_OF, TALLIES } from './contrastLists.js';
import { ODDS, ROW_SUMS, tileOf } from './contrastMeans.js';
import { expectTypes } from './operandTypes.js';
import { halfOf, TOTALS, WORKGROUP } from './workgroupSums.js';

interface ContrastSampleAttrs {
  threshold: number;
  temperature: number;
}
type ContrastSampleInputs = Record<
  'rows' | 'labels' | 'valid' | 'probabilities' | 'anchor' | 'negative',
  TensorInfo
> & {
  negativeClass?: TensorInfo;
};

/** Whose voxels a draw is among: the class's own, or another's, drawn by their odds with or without uniforms for it. */
type Among = 'own' | 'other' | 'chosen';

/**
 * drawn [classes, draws]: of row c the ⌊u·count⌋-th voxel of the list of class c, or of another class. That is the last of the others whose
 * interval of the odds starts at or below the draw, so that rounding never leaves it without one. An empty class gives 0.
 */
const DRAWS = (kind: 0 | 1, among: Among) =>
  shader(`contrastDraws ${kind} ${among}`, () => ({
    inputs: {
      uniforms: 'f32',
      totals: 'u32',
      list: 'u32',
      ...(among === 'own' ? {} : { odds: 'f32' }),
      ...(among === 'chosen' ? { choices: 'f32' } : {}),
    },
    outputs: { drawn: 'i32' },
    params: { size: 'u32', draws: 'u32', classes: 'u32' },
    workgroup: [WORKGROUP],
    declarations: `${START_OF}${
      among === 'own'
        ? ''
        : `
fn otherClass(uniform: f32, c: u32) -> u32 {
  var total = 0.0;
  for (var j = 0u; j < p.classes; j++) { if (j != c) { total += odds[c * p.classes + j]; } }
  let draw = uniform * total;
  var chosen = select(0u, 1u, c == 0u);
  var start = odds[c * p.classes + chosen];
  for (var j = chosen + 1u; j < p.classes; j++) {
    if (j == c) { continue; }
    let odd = odds[c * p.classes + j];
    if (draw >= start && odd > 0.0) { chosen = j; }
    start += odd;
  }
  return chosen;
}`
    }`,
    body: `
  if (index >= p.size) { return; }
  let c = index / p.draws;
  let source = ${{ own: 'c', other: 'otherClass(0.0, c)', chosen: 'otherClass(choices[index], c)' }[among]};
  let count = totals[${kind}u * p.classes + source];
  var voxel = 0u;
  if (count > 0u) {
    // A uniform that float32 rounded up to 1 must not look past the end.
    let rank = min(u32(uniforms[index] * f32(count)), count - 1u);
    voxel = list[startOf(${kind}u, source) + rank];
  }
  drawn[index] = i32(voxel);`,
  }));

/**
 * Anchors [C, A], the ⌊u·count⌋-th hard voxel of each class; negatives [C, K], voxels of the other classes; means [C, R]; how many
 * members and hard members a class has [C]. See the operation in `@crln/ops`.
 */
const contrastSamples = defineKernel<ContrastSampleInputs, ContrastSampleAttrs>(
  KERNELS.ContrastSamples,
  ({ inputs, attrs, output, scratch, run }) => {
    expectTypes(KERNELS.ContrastSamples, { ...inputs }, ['labels']);
    const { rows, labels, valid, probabilities } = inputs;
    const [voxels, width] = rows.shape as [number, number];
    const classes = probabilities.shape[1]!;
    const blocks = Math.ceil(voxels / BLOCK);
    const quads = Math.ceil(classes / FOUR);
    const groups = flatGroups(blocks * quads);
    const common = { voxels, classes, quads, blocks, half: WORKGROUP / 2 };
    const params = { ...common, threshold: attrs.threshold };

    const tallies = scratch(2 * classes * blocks);
    run(TALLIES(), { labels, valid, probabilities, tallies }, params, groups);
    const totals = scratch(2 * classes);
    const [members, hard] = [output([classes]), output([classes])];
    run(PLACES(), { tallies, totals, members, hard }, common, [2 * classes]);
    const lists = [scratch(voxels), scratch(voxels)] as const;
    const listing = { labels, valid, probabilities, places: tallies, totals, members: lists[0], hard: lists[1] };
    run(LISTS(), listing, params, groups);

    const columns = classes * width;
    const partials = scratch(columns * blocks);
    const tile = tileOf(width);
    const tiles = Math.ceil(width / tile);
    const rowGroups = flatGroups(blocks * quads * tiles);
    run(ROW_SUMS(tile), { rows, labels, valid, partials }, { ...common, width, tiles }, rowGroups);
    const sums = scratch(columns);
    const summing = { columns, parts: blocks, width: 1, floats: 1, half: halfOf(blocks) };
    run(TOTALS(), { partials, totals: sums }, summing, flatGroups(columns));
    const [means, odds] = [output([classes, width]), scratch(classes * classes)];
    run(ODDS(), { sums, totals, means, odds }, { classes, width, temperature: attrs.temperature }, [1]);

    const draw = (uniforms: TensorInfo, kind: 0 | 1, among: Among) => {
      const drawn = output(uniforms.shape, 'int32');
      const size = util.sizeFromShape(uniforms.shape);
      const operands = { uniforms, totals, list: lists[kind], odds, drawn };
      const choices = inputs.negativeClass;
      run(
        DRAWS(kind, among),
        choices ? { ...operands, choices } : operands,
        { size, draws: uniforms.shape[1]!, classes },
        flatGroups(size, WORKGROUP),
      );
      return drawn;
    };
    const anchors = draw(inputs.anchor, 1, 'own');
    const negatives = draw(inputs.negative, 0, inputs.negativeClass ? 'chosen' : 'other');
    return [anchors, negatives, means, members, hard];
  },
);

export const contrastSampleKernels: readonly KernelConfig[] = [contrastSamples];
