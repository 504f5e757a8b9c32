import { CrlnError, KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';
import { EXPONENTIALS } from './exponentials.js';
import { expectTypes } from './operandTypes.js';
import { WORKGROUP, workgroupTree } from './workgroupSums.js';

interface InfoNceAttrs {
  temperature: number;
}

/** Channels for which a workgroup has memory. */
const MOST_CHANNELS = 1024;

/** The similarity of a row of the array with the anchor, and the reciprocal of the row's length. */
const matchOf = (name: string, array: string) => `
fn ${name}(row: u32) -> Match {
  var inner = 0.0;
  var square = 0.0;
  for (var i = 0u; i < p.width; i++) {
    let value = ${array}[row * p.width + i];
    inner += anchor[i] * value;
    square += value * value;
  }
  let reciprocal = 1.0 / sqrt(max(square, LEAST_SQUARE));
  return Match(inner * reciprocal, reciprocal);
}`;

/** An anchor by each workgroup: a thread matches rows, then adds up a channel, or one of each of several tiles, of some of them. */
const LOSSES = (tile: number, tiles: number) =>
  shader(`infoNce ${tile} ${tiles}`, () => ({
    inputs: { anchors: 'f32', positives: 'f32', rows: 'f32', negatives: 'i32' },
    outputs: { loss: 'f32', slopes: 'f32' },
    params: { count: 'u32', share: 'u32', total: 'u32', width: 'u32', list: 'u32', temperature: 'f32', half: 'u32' },
    workgroup: [WORKGROUP],
    declarations: `${EXPONENTIALS}
// Rows whose square is smaller count as this large.
const LEAST_SQUARE = 1e-16;
struct Match { similarity: f32, reciprocal: f32 }
// The anchor, its length the reciprocal of the temperature, and the loss' slope in the anchor of length 1, times temperature.
var<workgroup> anchor: array<f32, ${tile * tiles}>;
var<workgroup> slope: array<f32, ${tile * tiles}>;
// Of the rows in hand: what they weigh in the slope, and where they are.
var<workgroup> weights: array<f32, ${WORKGROUP}>;
var<workgroup> places: array<u32, ${WORKGROUP}>;
${matchOf('matchPositive', 'positives')}${matchOf('matchRow', 'rows')}
// A number that is no row counts as row 0; the results are NaN then.
fn rowOf(number: i32) -> u32 { return select(0u, u32(number), u32(number) < p.total); }
struct Extent { largest: f32, unknown: bool }
fn joined(a: Extent, b: Extent) -> Extent { return Extent(max(a.largest, b.largest), a.unknown || b.unknown); }
${workgroupTree('extentOf', 'Extent', { join: (a, b) => `joined(${a}, ${b})` })}
${workgroupTree('sumOf', 'f32')}${workgroupTree('channelsOf', 'f32', { stride: tile })}`,
    body: `
  let a = group.y * groups.x + group.x;
  if (a >= p.count) { return; }
  let positive = a / p.share;
  var square = 0.0;
  for (var i = 0u; i < p.width; i++) {
    let value = anchors[a * p.width + i];
    square += value * value;
  }
  let scale = 1.0 / (p.temperature * sqrt(max(square, LEAST_SQUARE)));
  for (var i = thread; i < p.width; i += ${WORKGROUP}u) { anchor[i] = anchors[a * p.width + i] * scale; }
  workgroupBarrier();

  let own = matchPositive(positive);
  var extent = Extent(own.similarity, isNan(own.similarity));
  for (var k = thread; k < p.list; k += ${WORKGROUP}u) {
    let number = negatives[a * p.list + k];
    let similarity = matchRow(rowOf(number)).similarity;
    extent = joined(extent, Extent(similarity, u32(number) >= p.total || isNan(similarity)));
  }
  extent = extentOf(thread, extent);
  let largest = extent.largest;

  var powers = 0.0;
  for (var k = thread; k < p.list; k += ${WORKGROUP}u) {
    powers += exponential(matchRow(rowOf(negatives[a * p.list + k])).similarity - largest);
  }
  powers = sumOf(thread, powers);
  // The sum with the positive's, without one that is 1.
  var rest = powers;
  if (own.similarity < largest) { rest += exponential(own.similarity - largest) - 1.0; }
  let cost = (largest - own.similarity) + logOnePlus(rest);

  // The slope in the similarity of row k is its probability e^(sₖ − whole). The slopes add up to 0, so the positive's is minus the others'.
  let whole = own.similarity + cost;
  let pull = powers * exponential(min(largest - whole, 0.0)) * own.reciprocal;
  var pulled: array<f32, ${tiles}>;
  for (var first = 0u; first < p.list; first += ${WORKGROUP}u) {
    workgroupBarrier();
    if (first + thread < p.list) {
      let row = rowOf(negatives[a * p.list + first + thread]);
      let found = matchRow(row);
      weights[thread] = exponential(min(found.similarity - whole, 0.0)) * found.reciprocal;
      places[thread] = row * p.width;
    }
    workgroupBarrier();
    for (var k = thread / ${tile}u; k < min(${WORKGROUP}u, p.list - first); k += ${WORKGROUP / tile}u) {
      for (var i = 0u; i < ${tiles}u; i++) {
        let channel = i * ${tile}u + thread % ${tile}u;
        if (channel < p.width) { pulled[i] += weights[k] * rows[places[k] + channel]; }
      }
    }
  }
  for (var i = 0u; i < ${tiles}u; i++) {
    let channel = i * ${tile}u + thread;
    let others = channelsOf(thread, pulled[i]);
    if (thread < ${tile}u && channel < p.width) {
      slope[channel] = others - pull * positives[positive * p.width + channel];
    }
  }
  workgroupBarrier();

  // To the anchor itself: across it, unless it is too short to be normalised.
  var inner = 0.0;
  for (var i = 0u; i < p.width; i++) { inner += slope[i] * anchor[i]; }
  let along = select(inner * p.temperature * p.temperature, 0.0, square < LEAST_SQUARE);
  for (var i = thread; i < p.width; i += ${WORKGROUP}u) {
    slopes[a * p.width + i] = select(scale * (slope[i] - along * anchor[i]), nan(), extent.unknown);
  }
  if (thread == 0u) { loss[a] = select(cost, nan(), extent.unknown); }`,
  }));

/**
 * loss [A] = −log(e^s / (e^s + Σ e^sₖ)), s the cosine of anchor and positive and sₖ of anchor and row negatives[·, k], over temperature; and
 * the slope of each loss in its anchor [A, R]. A number that is no row makes loss and slope of its anchor NaN.
 */
const infoNce = defineKernel<Record<'anchors' | 'positives' | 'rows' | 'negatives', TensorInfo>, InfoNceAttrs>(
  KERNELS.InfoNce,
  ({ inputs, attrs: { temperature }, output, run }) => {
    expectTypes(KERNELS.InfoNce, inputs, ['negatives']);
    const [count, width] = inputs.anchors.shape as [number, number];
    if (width > MOST_CHANNELS) {
      throw new CrlnError(
        'invalid-shape',
        `${KERNELS.InfoNce}: expected anchors of at most ${MOST_CHANNELS} channels, got [${inputs.anchors.shape}]`,
        { shape: inputs.anchors.shape },
      );
    }
    const [loss, slopes] = [output([count]), output([count, width])];
    const share = count / inputs.positives.shape[0]!;
    const [total, list] = [inputs.rows.shape[0]!, inputs.negatives.shape[1]!];
    const params = { count, share, total, width, list, temperature, half: WORKGROUP / 2 };
    const tile = Math.min(2 ** Math.ceil(Math.log2(width)), WORKGROUP);
    run(LOSSES(tile, Math.ceil(width / tile)), { ...inputs, loss, slopes }, params, flatGroups(count));
    return [loss, slopes];
  },
);

export const infoNceKernels: readonly KernelConfig[] = [infoNce];
