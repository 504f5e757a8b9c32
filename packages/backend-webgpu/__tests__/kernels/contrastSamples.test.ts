import { KERNELS, stream } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeGpu, relativeError, run, runOurs } from '../harness.js';

const OPTIONS = { threshold: 0.6, temperature: 0.5 };

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
    rows: Float32Array.from({ length: voxels * width }, () => 2 * rng.uniform() - 0.7),
    labels: Int32Array.from({ length: voxels }, () => rng.integer(labelled + 1) - 1),
    valid: Float32Array.from({ length: voxels }, () => Number(rng.bernoulli(0.7))),
    probabilities: uniforms(voxels * classes),
    anchor: uniforms(classes * anchors),
    negative: uniforms(classes * negatives),
    negativeClass: uniforms(classes * negatives),
  };
}
type Example = ReturnType<typeof example>;

function tensors(x: Example, { voxels, classes, width, anchors, negatives }: Sizes, chosen = classes > 2) {
  return {
    rows: tf.tensor2d(x.rows, [voxels, width]),
    labels: tf.tensor1d(x.labels, 'int32'),
    valid: tf.tensor1d(x.valid),
    probabilities: tf.tensor2d(x.probabilities, [voxels, classes]),
    anchor: tf.tensor2d(x.anchor, [classes, anchors]),
    negative: tf.tensor2d(x.negative, [classes, negatives]),
    ...(chosen ? { negativeClass: tf.tensor2d(x.negativeClass, [classes, negatives]) } : {}),
  };
}

/** By its definition; a negative whose class float32 may tell either way is null. */
function naive(x: Example, { voxels, classes, width, anchors, negatives }: Sizes) {
  const members: number[][] = Array.from({ length: classes }, () => []);
  for (let v = 0; v < voxels; v++) if (x.valid[v] === 1) members[x.labels[v]!]?.push(v);
  const hard = members.map((list, c) => list.filter((v) => x.probabilities[v * classes + c]! < Math.fround(0.6)));
  const means = members.map((list) => {
    const sums = new Float64Array(width);
    for (const v of list) for (let i = 0; i < width; i++) sums[i]! += x.rows[v * width + i]!;
    return Array.from(sums, (sum) => sum / (list.length || 1));
  });
  const draw = (list: number[], u: number) =>
    list[Math.min(Math.floor(Math.fround(u * list.length)), list.length - 1)] ?? 0;
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const cosine = (a: number[], b: number[]) => dot(a, b) / Math.max(Math.sqrt(dot(a, a) * dot(b, b)), 1e-16);
  const odds = means.map((a) =>
    means.map((b, j) => (members[j]!.length > 0 ? Math.exp((cosine(a, b) - 1) / OPTIONS.temperature) : 0)),
  );
  const other = (c: number, u: number): number | null => {
    const others = members.map((_, j) => j).filter((j) => j !== c);
    const goal = u * others.reduce((sum, j) => sum + odds[c]![j]!, 0);
    let [chosen, start] = [others[0]!, odds[c]![others[0]!]!];
    for (const j of others.slice(1)) {
      if (start > 0 && Math.abs(goal - start) < 4e-6) return null;
      if (goal >= start && odds[c]![j]! > 0) chosen = j;
      start += odds[c]![j]!;
    }
    return chosen;
  };
  return {
    means: means.flat(),
    members: members.map(({ length }) => length),
    hard: hard.map(({ length }) => length),
    anchors: Array.from(x.anchor, (u, i) => draw(hard[Math.floor(i / anchors)]!, u)),
    negatives: Array.from(x.negative, (u, i) => {
      const c = Math.floor(i / negatives);
      const j = other(c, classes > 2 ? x.negativeClass[i]! : 0);
      return j === null ? null : draw(members[j]!, u);
    }),
  };
}

async function hold(sizes: Sizes, x = example(sizes)) {
  const expected = naive(x, sizes);
  const [anchors, negatives, means, members, hard] = await runOurs(KERNELS.ContrastSamples, tensors(x, sizes), OPTIONS);
  expect([...members!]).toEqual(expected.members);
  expect([...hard!]).toEqual(expected.hard);
  expect(relativeError(means!, expected.means)).toBeLessThan(1e-6);
  expect([...anchors!]).toEqual(expected.anchors);
  const unsure = expected.negatives.filter((v) => v === null).length;
  expect(unsure).toBeLessThan(1 + expected.negatives.length / 1000);
  expect([...negatives!].map((v, i) => (expected.negatives[i] === null ? null : v))).toEqual(expected.negatives);
}

describeGpu('contrast samples', () => {
  it('are anchors among the hard voxels and negatives of the other classes, with the mean of each class', async () => {
    const sizes = fc.record({
      voxels: fc.integer({ min: 1, max: 60 }),
      classes: fc.constantFrom(2, 5),
      width: fc.constantFrom(1, 3),
      anchors: fc.integer({ min: 1, max: 5 }),
      negatives: fc.integer({ min: 1, max: 30 }),
      labelled: fc.integer({ min: 1, max: 5 }),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(sizes, (one) => hold(one)),
      { seed: 5, numRuns: 25 },
    );
  });

  it('are index for index those of a list, across many blocks of voxels', async () => {
    await hold({ voxels: 70_001, classes: 2, width: 16, anchors: 256, negatives: 66_000, labelled: 2, seed: 1 });
  });

  it('take sixteen classes and an odd width', async () => {
    await hold({ voxels: 9001, classes: 16, width: 17, anchors: 50, negatives: 1000, labelled: 16, seed: 2 });
  });

  it('take more channels than a workgroup has threads', async () => {
    await hold({ voxels: 300, classes: 2, width: 261, anchors: 3, negatives: 5, labelled: 2, seed: 3 });
  });

  it('find the only member among blocks of none', async () => {
    const sizes = { voxels: 20_000, classes: 2, width: 3, anchors: 3, negatives: 3, labelled: 2, seed: 4 };
    const x = example(sizes);
    x.labels.fill(-1);
    x.labels[19_999] = 1;
    x.valid.fill(1);
    x.probabilities.fill(0);
    await hold(sizes, x);
  });

  it('are row 0 where a class has no voxels', async () => {
    const sizes = { voxels: 50, classes: 5, width: 3, anchors: 2, negatives: 4, labelled: 5, seed: 4 };
    const x = example(sizes);
    x.valid.fill(0);
    const [anchors, negatives, means] = await runOurs(KERNELS.ContrastSamples, tensors(x, sizes), OPTIONS);
    for (const values of [anchors!, negatives!, means!]) expect(values.every((value) => value === 0)).toBe(true);
  });

  it('stay inside a class for a uniform that float32 rounded up to 1', async () => {
    const ones = () => tf.ones<tf.Rank.R2>([2, 3]);
    const inputs = {
      rows: tf.ones([4, 3]),
      labels: tf.tensor1d([0, 1, 0, 1], 'int32'),
      valid: tf.ones([4]),
      probabilities: tf.zeros([4, 2]),
      anchor: ones(),
      negative: ones(),
    };
    const [anchors, negatives] = await runOurs(KERNELS.ContrastSamples, inputs, OPTIONS);
    expect([...anchors!]).toEqual([2, 2, 2, 3, 3, 3]);
    expect([...negatives!]).toEqual([3, 3, 3, 2, 2, 2]);
  });

  it('ignore the rows of voxels that are of no class, NaN too', async () => {
    const sizes = { voxels: 40, classes: 2, width: 3, anchors: 1, negatives: 1, labelled: 2, seed: 6 };
    const x = example(sizes);
    x.labels.forEach((label, v) => {
      if (label < 0 || x.valid[v] === 0) x.rows.fill(NaN, 3 * v, 3 * v + 3);
    });
    const [, , means] = await runOurs(KERNELS.ContrastSamples, tensors(x, sizes), OPTIONS);
    expect(relativeError(means!, naive(x, sizes).means)).toBeLessThan(1e-6);
  });

  it('have fixed shapes and types', () => {
    const sizes = { voxels: 9, classes: 2, width: 3, anchors: 4, negatives: 8, labelled: 2, seed: 7 };
    tf.tidy(() => {
      const outputs = run(KERNELS.ContrastSamples, tensors(example(sizes), sizes), OPTIONS);
      expect(outputs.map(({ dtype, shape }) => `${dtype} ${shape}`)).toEqual([
        'int32 2,4',
        'int32 2,8',
        'float32 2,3',
        'float32 2',
        'float32 2',
      ]);
    });
  });
});
