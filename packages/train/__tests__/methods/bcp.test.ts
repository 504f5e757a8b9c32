import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { build, images, numbers } from './built.js';
import { argmax, diceCe, softmax } from './reference.js';

beforeAll(async () => {
  await useBackend('wasm');
});

const PATCH = [8, 8, 4] as const;
const VOXELS = 8 * 8 * 4;

/** Which voxels the box of an iteration holds: two thirds of each side, somewhere. */
function box(made: ReturnType<typeof build>, iteration: number): boolean[] {
  const random = made.stream('box', iteration);
  const starts = [5, 5, 2].map((length, axis) => random.integer(PATCH[axis]! - length + 1));
  return Array.from({ length: VOXELS }, (_, v) =>
    [Math.floor(v / 32), Math.floor(v / 4) % 8, v % 4].every(
      (at, axis) => at >= starts[axis]! && at < starts[axis]! + [5, 5, 2][axis]!,
    ),
  );
}

/** Keeps the largest component of class 1 in one patch: a flood fill over 26 neighbours, written for this test. */
function largest(labels: readonly number[]): number[] {
  const seen = new Set<number>();
  let best: number[] = [];
  const flood = (v: number, found: number[]) => {
    if (seen.has(v) || labels[v] !== 1) return;
    seen.add(v);
    found.push(v);
    const [i, j, k] = [Math.floor(v / 32), Math.floor(v / 4) % 8, v % 4];
    for (let n = 0; n < 27; n++) {
      const [a, b, c] = [i + Math.floor(n / 9) - 1, j + (Math.floor(n / 3) % 3) - 1, k + (n % 3) - 1];
      if (a >= 0 && a < 8 && b >= 0 && b < 8 && c >= 0 && c < 4) flood(32 * a + 4 * b + c, found);
    }
  };
  for (let v = 0; v < VOXELS; v++) {
    const found: number[] = [];
    flood(v, found);
    if (found.length > best.length) best = found;
  }
  return labels.map((_, v) => (best.includes(v) ? 1 : 0));
}

/** One patch of a stack. */
const patchOf = (values: ArrayLike<number>, n: number, C = 1) =>
  Array.from({ length: VOXELS * C }, (_, v) => values[n * VOXELS * C + v]!);
const mix = (outside: number[], inside: number[], mask: boolean[]) => outside.map((x, v) => (mask[v] ? inside[v]! : x));
const stack = (...patches: number[][]) => tf.tensor(patches.flat(), [patches.length, ...PATCH, 1]);

describe('bcp', () => {
  it.each([true, false])('its loss is that of plain loops, largestComponent %s', async (keep) => {
    const options = { preTraining: 0, unlabelledWeight: 0.7, largestComponent: keep };
    const [made, twin] = [build('bcp', options), build('bcp', options)];
    for (const one of [made, twin]) await one.step(0);
    const { labelled, unlabelled } = await twin.batch(1);
    let pseudo = argmax(twin.logits('teacher', images(unlabelled!)));
    // The first weights speckle: there is something to remove.
    const kept = [0, 1].flatMap((n) => largest(patchOf(pseudo, n)));
    expect(kept).not.toEqual(pseudo);
    if (keep) pseudo = kept;
    const mask = box(twin, 1);
    const [x, u] = [(n: number) => patchOf(labelled.images, n), (n: number) => patchOf(unlabelled!.images, n)];
    const p = softmax(twin.logits('student', stack(mix(x(0), u(0), mask), mix(u(1), x(1), mask))));
    const [inward, outward] = [patchOf(p, 0, 2), patchOf(p, 1, 2)];
    const [inside, around] = [mask.map(Number), mask.map((one) => Number(!one))];
    const supervised =
      diceCe(inward, patchOf(labelled.labels, 0), 2, around) + diceCe(outward, patchOf(labelled.labels, 1), 2, inside);
    const pasted = diceCe(inward, patchOf(pseudo, 0), 2, inside) + diceCe(outward, patchOf(pseudo, 1), 2, around);
    const found = await made.step(1);
    expect(found.supervised).toBeCloseTo(supervised, 5);
    expect(found.pasted).toBeCloseTo(pasted, 5);
    expect(found.loss).toBeCloseTo(supervised + 0.7 * pasted, 5);
    for (const one of [made, twin]) one.session.dispose();
  });

  it('pre-trains on mixes of labelled patches, the teacher being a copy, and then an average', async () => {
    const [made, twin] = [build('bcp', { preTraining: 2 }), build('bcp', { preTraining: 2 })];
    const { labelled } = await twin.batch(0);
    const mask = box(twin, 0);
    const [x, y] = [(n: number) => patchOf(labelled.images, n), (n: number) => patchOf(labelled.labels, n)];
    const p = softmax(twin.logits('student', stack(mix(x(0), x(1), mask))));
    expect((await made.step(0)).loss).toBeCloseTo(diceCe(p, mix(y(0), y(1), mask)), 5);
    expect(await made.step(1)).not.toHaveProperty('pasted');
    expect(made.weights('teacher')).toEqual(made.weights('student'));
    expect(await made.step(2)).toHaveProperty('pasted');
    expect(made.weights('teacher')).not.toEqual(made.weights('student'));
    for (const one of [made, twin]) one.session.dispose();
  });

  it('pre-trains for the share of the paper where it is not said how long, and refuses a run of pre-training alone', async () => {
    const made = build('bcp', {});
    expect(await made.step(1, 17)).not.toHaveProperty('pasted');
    expect(await made.step(2, 17)).toHaveProperty('pasted');
    expect(await made.step(1999, 40_000)).not.toHaveProperty('pasted');
    expect(await made.step(2000, 40_000)).toHaveProperty('pasted');
    made.session.dispose();
    const all = build('bcp', { preTraining: 6 });
    await expect(all.step(0)).rejects.toThrow('preTraining is 6, and the run has 6 iterations');
    all.session.dispose();
  });

  it('takes any number of patches', async () => {
    for (const batch of [
      [1, 1],
      [1, 3],
      [4, 2],
    ]) {
      const made = build('bcp', { preTraining: 1 }, { batch });
      for (let t = 0; t < 2; t++) expect((await made.step(t)).loss).toBeGreaterThan(0);
      made.session.dispose();
    }
  });

  it('reads nothing back where it keeps all components, and does not step without what it has to read', async () => {
    const [free, bound] = [build('bcp', { preTraining: 0, largestComponent: false }), build('bcp', { preTraining: 0 })];
    const raw = await free.batch(0);
    expect(await free.session.prepare(raw, 0, 6)).toEqual({});
    expect(Object.keys(await bound.session.prepare(raw, 0, 6))).toEqual(['pseudoLabels']);
    tf.dispose(free.session.step(raw, 0, 6));
    expect(() => bound.session.step(raw, 0, 6)).toThrow('pseudo-labelled');
    for (const one of [free, bound]) one.session.dispose();
  });

  it('predicts with the student, or the teacher', async () => {
    const of = async (options: object) => {
      const made = build('bcp', { preTraining: 0, ...options });
      for (let t = 0; t < 3; t++) await made.step(t);
      const found = numbers(made.session.predict(tf.ones([1, ...PATCH, 1])));
      made.session.dispose();
      return found;
    };
    expect(await of({})).toEqual(await of({ evaluate: 'student' }));
    expect(await of({})).not.toEqual(await of({ evaluate: 'teacher' }));
  });
});
