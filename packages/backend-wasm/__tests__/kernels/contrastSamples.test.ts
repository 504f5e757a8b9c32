import { KERNELS, stream } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { relativeError } from '../reference.js';
import { expectSame, RUNS, runOurs, useWasm } from './harness.js';

beforeAll(useWasm);

const [threshold, temperature] = [0.6, 0.5];

interface Sizes {
  voxels: number;
  classes: number;
  width: number;
  anchors: number;
  negatives: number;
  /** Labels are −1 … labelled − 1. */
  labelled: number;
  seed: number;
}

const sizes = fc.record({
  voxels: fc.integer({ min: 1, max: 60 }),
  classes: fc.constantFrom(2, 3, 5, 17),
  width: fc.constantFrom(1, 3, 5, 16, 17),
  anchors: fc.integer({ min: 1, max: 5 }),
  negatives: fc.integer({ min: 1, max: 30 }),
  labelled: fc.integer({ min: 1, max: 5 }),
  seed: fc.nat(),
});

function example({ voxels, classes, width, anchors, negatives, labelled, seed }: Sizes) {
  const rng = stream(seed, 'contrast');
  const uniforms = (count: number) => Float32Array.from({ length: count }, () => rng.uniform());
  return {
    rows: Float32Array.from({ length: voxels * width }, () => rng.normal()),
    labels: Int32Array.from({ length: voxels }, () => rng.integer(labelled + 1) - 1),
    valid: Float32Array.from({ length: voxels }, () => Number(rng.bernoulli(0.7))),
    probabilities: uniforms(voxels * classes),
    anchor: uniforms(classes * anchors),
    negative: uniforms(classes * negatives),
    negativeClass: uniforms(classes * negatives),
  };
}

/** By its definition. A negative whose class is a close call, where float32 may decide either way, is null. */
function naive(x: ReturnType<typeof example>, { voxels, classes, width, anchors, negatives }: Sizes) {
  const all = Array.from({ length: voxels }, (_, v) => v);
  const members = Array.from({ length: classes }, (_, c) => all.filter((v) => x.labels[v] === c && x.valid[v] === 1));
  const limit = Math.fround(threshold);
  const hard = members.map((list, c) => list.filter((v) => x.probabilities[v * classes + c]! < limit));
  const means = members.map((list) =>
    Array.from(
      { length: width },
      (_, i) => list.reduce((sum, v) => sum + x.rows[v * width + i]!, 0) / (list.length || 1),
    ),
  );
  const draw = (list: number[], u: number) => list[Math.floor(Math.fround(u * list.length))] ?? 0;
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const cosine = (a: number[], b: number[]) => dot(a, b) / Math.max(Math.sqrt(dot(a, a) * dot(b, b)), 1e-16);
  const odds = members.map((_, c) =>
    members.map((list, j) => (j !== c && list.length > 0 ? Math.exp(cosine(means[c]!, means[j]!) / temperature) : 0)),
  );
  const other = (c: number, u: number): number | null => {
    const total = odds[c]!.reduce((a, b) => a + b, 0);
    let end = 0;
    for (let j = 0; j < classes; j++) {
      if (odds[c]![j] === 0) continue;
      end += odds[c]![j]! / total;
      // The end of the last interval is nobody else's beginning.
      if (Math.abs(u - end) < 1e-5 && end < 1 - 1e-9) return null;
      if (u < end) return j;
    }
    return -1;
  };
  return {
    means: means.flat(),
    members: members.map(({ length }) => length),
    hard: hard.map(({ length }) => length),
    anchors: Array.from(x.anchor, (u, i) => draw(hard[Math.floor(i / anchors)]!, u)),
    negatives: Array.from(x.negative, (u, i) => {
      const c = Math.floor(i / negatives);
      const j = classes === 2 ? 1 - c : other(c, x.negativeClass[i]!);
      return j === null ? null : draw(members[j] ?? [], u);
    }),
  };
}

function hold(s: Sizes) {
  const { voxels, classes, width, anchors, negatives } = s;
  const x = example(s);
  const expected = naive(x, s);
  const choices = classes > 2 ? { negativeClass: tf.tensor2d(x.negativeClass, [classes, negatives]) } : {};
  const inputs = {
    rows: tf.tensor2d(x.rows, [voxels, width]),
    labels: tf.tensor1d(x.labels, 'int32'),
    valid: tf.tensor1d(x.valid),
    probabilities: tf.tensor2d(x.probabilities, [voxels, classes]),
    anchor: tf.tensor2d(x.anchor, [classes, anchors]),
    negative: tf.tensor2d(x.negative, [classes, negatives]),
    ...choices,
  };
  const [drawn, others, means, members, hard] = runOurs(KERNELS.ContrastSamples, inputs, { threshold, temperature });
  expect(relativeError(means!, expected.means)).toBeLessThan(1e-5);
  expectSame(members!, expected.members);
  expectSame(hard!, expected.hard);
  expectSame(drawn!, expected.anchors);
  expectSame(
    others!,
    expected.negatives.map((voxel, i) => voxel ?? others![i]!),
  );
  tf.dispose(inputs);
}

it('draws anchors among the hard voxels, negatives among the other classes, and sums up the classes', () => {
  fc.assert(fc.property(sizes, hold), RUNS);
});

it('does so among voxels that threads share', () => {
  hold({ voxels: 9001, classes: 3, width: 17, anchors: 50, negatives: 13_000, labelled: 3, seed: 1 });
});
