import { KERNELS, stream } from '@crln/core';
import { contrastSamples } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeBackends, ownKernels, scoped } from './support/backends.js';
import { relativeError } from './support/gradcheck.js';

const OPTIONS = { hardThreshold: 0.6, temperature: 0.5 };

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

/** By its definition; a negative whose class is a close call is null. */
function naive(x: ReturnType<typeof example>, { voxels, classes, width, anchors, negatives }: Sizes) {
  const all = Array.from({ length: voxels }, (_, v) => v);
  const members = Array.from({ length: classes }, (_, c) => all.filter((v) => x.labels[v] === c && x.valid[v] === 1));
  const hard = members.map((list, c) => list.filter((v) => x.probabilities[v * classes + c]! < Math.fround(0.6)));
  const means = members.map((list) =>
    Array.from(
      { length: width },
      (_, i) => list.reduce((sum, v) => sum + x.rows[v * width + i]!, 0) / (list.length || 1),
    ),
  );
  const draw = (list: number[], u: number) => list[Math.floor(Math.fround(u * list.length))] ?? 0;
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const cosine = (a: number[], b: number[]) => dot(a, b) / Math.max(Math.sqrt(dot(a, a) * dot(b, b)), 1e-16);
  const other = (c: number, u: number): number | null => {
    const others = members.flatMap((list, j) => (j !== c && list.length > 0 ? [j] : []));
    if (others.length === 0) return -1;
    const odds = others.map((j) => Math.exp(cosine(means[c]!, means[j]!) / OPTIONS.temperature));
    let left = u * odds.reduce((a, b) => a + b, 0);
    for (let i = 0; i < others.length; i++) {
      if (i > 0 && Math.abs(left) < 1e-4) return null;
      if (left < odds[i]! - 1e-4) return others[i]!;
      left -= odds[i]!;
    }
    return null;
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

async function hold(sizes: Sizes) {
  const { voxels, classes, width, anchors, negatives } = sizes;
  const x = example(sizes);
  const expected = naive(x, sizes);
  await scoped(async () => {
    const found = contrastSamples(
      {
        rows: tf.tensor2d(x.rows, [voxels, width]),
        labels: tf.tensor1d(x.labels, 'int32'),
        valid: tf.tensor1d(x.valid),
        probabilities: tf.tensor2d(x.probabilities, [voxels, classes]),
      },
      {
        anchor: tf.tensor2d(x.anchor, [classes, anchors]),
        negative: tf.tensor2d(x.negative, [classes, negatives]),
        negativeClass: classes > 2 ? tf.tensor2d(x.negativeClass, [classes, negatives]) : null,
      },
      OPTIONS,
    );
    expect([found.anchors.dtype, found.anchors.shape]).toEqual(['int32', [classes, anchors]]);
    expect([found.negatives.dtype, found.negatives.shape]).toEqual(['int32', [classes, negatives]]);
    expect(relativeError(await found.means.data(), expected.means)).toBeLessThan(1e-5);
    expect([...(await found.members.data())]).toEqual(expected.members);
    expect([...(await found.hard.data())]).toEqual(expected.hard);
    expect([...(await found.anchors.data())]).toEqual(expected.anchors);
    const drawn = await found.negatives.data();
    expect([...drawn].map((v, i) => (expected.negatives[i] === null ? null : v))).toEqual(expected.negatives);
  });
}

describeBackends('contrastSamples', (backend) => {
  const own = ownKernels(backend);
  const sizes = fc.record({
    voxels: fc.integer({ min: 1, max: 60 }),
    classes: fc.constantFrom(2, 3, 5),
    width: fc.constantFrom(1, 3, 5, 16, 17),
    anchors: fc.integer({ min: 1, max: 5 }),
    negatives: fc.integer({ min: 1, max: 30 }),
    labelled: fc.integer({ min: 1, max: 5 }),
    seed: fc.nat(),
  });

  it('draws anchors among the hard voxels, negatives among the other classes, and sums up the classes', async () => {
    own?.reset();
    const before = tf.memory().numTensors;
    await fc.assert(fc.asyncProperty(sizes, hold), { seed: 5, numRuns: 60 });
    if (own) expect(own.calls()[KERNELS.ContrastSamples]).toBeGreaterThanOrEqual(60);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('does so among voxels that threads share', async () => {
    await hold({ voxels: 9001, classes: 3, width: 17, anchors: 50, negatives: 13_000, labelled: 3, seed: 1 });
  });

  it('stays inside a class for a uniform that float32 rounded up to 1', async () => {
    await scoped(async () => {
      const ones = tf.ones<tf.Rank.R2>([2, 3]);
      const { anchors, negatives } = contrastSamples(
        {
          rows: tf.ones([4, 2]),
          labels: tf.tensor1d([0, 1, 0, 1], 'int32'),
          valid: tf.ones([4]),
          probabilities: tf.zeros([4, 2]),
        },
        { anchor: ones, negative: ones },
        OPTIONS,
      );
      expect([...(await anchors.data())]).toEqual([2, 2, 2, 3, 3, 3]);
      expect([...(await negatives.data())]).toEqual([3, 3, 3, 2, 2, 2]);
    });
  });

  it('carries no gradient', () => {
    tf.tidy(() => {
      const of = (rows: tf.Tensor) => {
        const rest = { labels: tf.zeros([4], 'int32'), valid: tf.ones([4]), probabilities: tf.zeros([4, 2]) };
        const draws = { anchor: tf.zeros([2, 1]), negative: tf.zeros([2, 1]) };
        return tf.sum(contrastSamples({ rows, ...rest }, draws, OPTIONS).means);
      };
      expect(() => tf.grad(of)(tf.ones([4, 3]))).toThrow('Cannot compute gradient');
    });
  });

  it('refuses three classes without a draw among the other two', () => {
    tf.tidy(() => {
      const voxels = {
        ...{ rows: tf.ones([4, 2]), labels: tf.zeros([4], 'int32') },
        ...{ valid: tf.ones([4]), probabilities: tf.zeros([4, 3]) },
      };
      const uniforms = { anchor: tf.zeros([3, 1]), negative: tf.zeros([3, 1]) };
      expect(() => contrastSamples(voxels, uniforms, OPTIONS)).toThrow('negativeClass for more than 2, got 3');
    });
  });
});
