import { stream } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeBackends } from '../../ops/__tests__/support/backends.js';
import {
  collaborativePositiveSupervision,
  confidenceWeightedCrossEntropy,
  cpsSample,
  crossEntropyLoss,
  diceCeLoss,
  diceLoss,
  linearRampUp,
  sigmoidRampUp,
  softmaxKlLoss,
  softmaxMseLoss,
  voxelEntropy,
} from '../src/index.js';

const labels = (values: number[], shape: [number, number, number, number] = [1, 1, 1, values.length]) =>
  tf.tensor4d(values, shape, 'int32');
/** Probabilities 1 for the given classes, as [1, 1, 1, V, C]. */
const sure = (values: number[], classes: number) =>
  tf.tensor5d(
    values.flatMap((v) => Array.from({ length: classes }, (_, c) => Number(c === v))),
    [1, 1, 1, values.length, classes],
  );
const number = async (x: tf.Tensor) => (await x.data())[0]!;

describeBackends('losses', () => {
  beforeAll(() => tf.engine().startScope());
  afterAll(() => tf.engine().endScope());

  describe('voxelEntropy', () => {
    it('is 0 for a sure voxel, ln C for one of which nothing is known, and refuses another rank', async () => {
      const found = voxelEntropy(tf.tensor5d([1, 0, 0, 1 / 3, 1 / 3, 1 / 3, 0.5, 0.5, 0], [1, 1, 1, 3, 3]));
      expect(found.shape).toEqual([1, 1, 1, 3]);
      const expected = [0, Math.log(3), Math.log(2)].map((value) => expect.closeTo(value, 4));
      expect([...(await found.data())]).toEqual(expected);
      expect(() => voxelEntropy(tf.zeros([2, 2]) as never)).toThrow(
        'voxelEntropy probabilities: expected [N, D, H, W, C]',
      );
    });
  });

  describe('diceLoss', () => {
    it('is 0 for a perfect prediction and 1 for a disjoint one', async () => {
      expect(await number(diceLoss(sure([0, 1, 1], 2), labels([0, 1, 1]), { softmax: false }))).toBeCloseTo(0, 6);
      expect(await number(diceLoss(sure([1, 0, 0], 2), labels([0, 1, 1]), { softmax: false }))).toBeCloseTo(1, 4);
    });
    it('costs nothing for a class that is neither there nor predicted', async () => {
      const losses = diceLoss(sure([0, 0, 1], 3), labels([0, 0, 1]), { softmax: false, reduction: 'none' });
      expect([...(await losses.data())]).toEqual([expect.closeTo(0, 6), expect.closeTo(0, 6)]);
    });
    it('is finite on all background, and on one voxel', async () => {
      expect(await number(diceLoss(sure([0, 0], 2), labels([0, 0]), { softmax: false }))).toBeCloseTo(0, 6);
      expect(await number(diceLoss(tf.zeros<tf.Rank.R5>([1, 1, 1, 1, 2]), labels([1])))).toBeCloseTo(1 - 1 / 1.25, 4);
    });
    it('takes sums over each sample where batch is false', async () => {
      const p = tf.concat([sure([1, 0], 2), sure([1, 1], 2)]) as tf.Tensor5D;
      const y = labels([1, 0, 1, 0], [2, 1, 1, 2]);
      const each = diceLoss(p, y, { softmax: false, batch: false, reduction: 'none' });
      expect(each.shape).toEqual([2, 1]);
      expect([...(await each.data())]).toEqual([expect.closeTo(0, 5), expect.closeTo(1 / 3, 5)]);
      expect(await number(diceLoss(p, y, { softmax: false }))).toBeCloseTo(1 - 4 / 5, 5);
    });
    it('leaves out the squares and counts the background where asked', async () => {
      const p = tf.tensor5d([0.75, 0.25], [1, 1, 1, 1, 2]);
      const options = { softmax: false, squaredPred: false, smoothNr: 0, smoothDr: 0, reduction: 'none' } as const;
      const both = diceLoss(p, labels([1]), { ...options, includeBackground: true });
      expect([...(await both.data())]).toEqual([1, expect.closeTo(1 - 0.5 / 1.25, 6)]);
      expect([...(await diceLoss(p, labels([1]), options).data())]).toEqual([expect.closeTo(0.6, 6)]);
    });
  });

  describe('crossEntropyLoss', () => {
    it('averages over the voxels that are not ignored, and is 0 where all are', async () => {
      const logits = tf.zeros<tf.Rank.R5>([1, 1, 1, 3, 3]);
      expect(await number(crossEntropyLoss(logits, labels([0, -1, 2])))).toBeCloseTo(Math.log(3), 6);
      expect(await number(crossEntropyLoss(logits, labels([0, -1, 2]), { reduction: 'sum' }))).toBeCloseTo(
        2 * Math.log(3),
        6,
      );
      expect(crossEntropyLoss(logits, labels([0, -1, 2]), { reduction: 'none' }).shape).toEqual([1, 1, 1, 3]);
      expect(await number(crossEntropyLoss(logits, labels([-1, -1, -1])))).toBe(0);
      expect(await number(diceCeLoss(logits, labels([-1, -1, -1])))).toBeLessThan(0.51);
    });
  });

  describe('confidenceWeightedCrossEntropy', () => {
    it('weights a sample by how sure its teacher is, and counts a sample of weight 0', async () => {
      const logits = tf.zeros<tf.Rank.R5>([2, 1, 1, 2, 2]);
      const confidence = tf.tensor4d([1, 0.5, 0.5, 0.5], [2, 1, 1, 2]);
      const loss = confidenceWeightedCrossEntropy(logits, labels([1, 0, 1, 1], [2, 1, 1, 2]), confidence);
      expect(await number(loss)).toBeCloseTo((0.5 * Math.log(2)) / 2, 6);
    });
    it('is 0, with gradient 0, where every voxel is ignored', async () => {
      const f = (x: tf.Tensor5D) => confidenceWeightedCrossEntropy(x, labels([-1, -1]), tf.zeros([1, 1, 1, 2]));
      const { value, grad } = tf.valueAndGrad(f)(tf.ones<tf.Rank.R5>([1, 1, 1, 2, 2]));
      expect([await number(value), ...(await grad.data())].map(Math.abs)).toEqual([0, 0, 0, 0, 0]);
    });
  });

  describe('consistency', () => {
    it('is 0 between equals, and never negative', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.float({ min: -9, max: 9, noNaN: true }), { minLength: 12, maxLength: 12 }),
          async (values) => {
            const a = tf.tensor5d(values.slice(0, 6), [1, 1, 1, 2, 3]);
            const b = tf.tensor5d(values.slice(6), [1, 1, 1, 2, 3]);
            for (const loss of [softmaxMseLoss, softmaxKlLoss]) {
              expect(await number(loss(a, a))).toBeCloseTo(0, 6);
              expect(await number(loss(a, b))).toBeGreaterThan(-1e-6);
            }
          },
        ),
        { numRuns: 20 },
      );
    });
    it('keeps classes apart in the squares, and sums them in the divergence', () => {
      const x = tf.zeros<tf.Rank.R5>([1, 1, 1, 2, 3]);
      expect(softmaxMseLoss(x, x, { reduction: 'none' }).shape).toEqual([1, 1, 1, 2, 3]);
      expect(softmaxKlLoss(x, x, { reduction: 'none' }).shape).toEqual([1, 1, 1, 2]);
    });
  });

  describe('collaborativePositiveSupervision', () => {
    const shape = [1, 2, 2, 2] as const;
    const half = [0, 0, 0, 0, 1, 1, 1, 1];
    const run = async (
      representation: number[][],
      y: number[],
      options: { classes?: number; prototypes?: number[][] } = {},
    ) => {
      const classes = options.classes ?? 2;
      const f = (x: tf.Tensor5D) =>
        collaborativePositiveSupervision({
          representation: x,
          labels: labels(y, [...shape]),
          valid: tf.ones([...shape]),
          probabilities: tf.fill([...shape, classes], 0.5) as tf.Tensor5D,
          random: cpsSample(stream(1, 'cps'), { classes }),
          ...(options.prototypes && { prototypes: tf.tensor2d(options.prototypes), xi: 1 }),
        });
      const width = representation[0]!.length;
      const { value, grad } = tf.valueAndGrad(f)(tf.tensor5d(representation.flat(), [...shape, width]));
      return { value: await number(value), gradient: [...(await grad.data())] };
    };
    it('is ln 513 where all similarities are equal', async () => {
      const { value, gradient } = await run(Array(8).fill([1, 2]), half);
      expect(value).toBeCloseTo(Math.log(513), 4);
      expect(Math.max(...gradient.map(Math.abs))).toBeLessThan(1e-5);
    });
    it('has its floor, 2.340, where the classes are opposite', async () => {
      const opposite = half.map((c) => (c ? [1, 0] : [-1, 0]));
      expect((await run(opposite, half)).value).toBeCloseTo(Math.log(1 + 512 * Math.exp(-4)), 4);
      expect(Math.log(1 + 512 * Math.exp(-4))).toBeCloseTo(2.34, 3);
    });
    it('divides by the number of classes present', async () => {
      const opposite = half.map((c) => (c ? [1, 0] : [-1, 0]));
      expect((await run(opposite, half, { classes: 3 })).value).toBeCloseTo(2.34, 3);
    });
    it('is 0 with fewer than two classes present, with a finite gradient even at 0', async () => {
      expect(await run(Array(8).fill([0, 0]), Array(8).fill(1))).toEqual({ value: 0, gradient: Array(16).fill(0) });
      expect((await run(Array(8).fill([0, 0]), half)).gradient.every(Number.isFinite)).toBe(true);
      expect((await run(Array(8).fill([1, 1]), Array(8).fill(-1))).value).toBe(0);
    });
    it('blends the class mean with the prototype', async () => {
      const opposite = half.map((c) => (c ? [1, 0] : [-1, 0]));
      const turned = await run(opposite, half, {
        prototypes: [
          [0, 1],
          [0, 1],
        ],
      }); // cos(positive) = √½
      expect(turned.value).toBeCloseTo(Math.log(1 + 512 * Math.exp(-2 - Math.SQRT2)), 4);
    });
    it('draws the same uniforms for the same seed, all below 1', async () => {
      const [a, b] = [1, 1].map(() => cpsSample(stream(3, 'cps', 5), { classes: 3, anchors: 4, negatives: 5 }));
      expect(a!.negativeClass!.shape).toEqual([3, 20]);
      expect([...(await a!.negative.data())]).toEqual([...(await b!.negative.data())]);
      expect(Math.max(...(await a!.negative.data()))).toBeLessThan(1);
      expect(cpsSample(stream(3, 'cps'), { classes: 2 }).negativeClass).toBeNull();
    });
  });

  describe('wrong shapes are named', () => {
    it('says what was expected and what came', () => {
      const logits = tf.zeros<tf.Rank.R5>([1, 2, 2, 2, 2]);
      expect(() => diceLoss(tf.zeros([2, 2, 2, 2]) as never, labels([0]))).toThrow(
        'diceLoss input: expected [N, D, H, W, C], got [2, 2, 2, 2]',
      );
      expect(() => crossEntropyLoss(logits, labels([0]))).toThrow(
        'crossEntropyLoss labels: expected [N, D, H, W] = [1, 2, 2, 2], got [1, 1, 1, 1]',
      );
      expect(() => crossEntropyLoss(logits, tf.zeros([1, 2, 2, 2]))).toThrow('type int32, got float32');
      expect(() => softmaxMseLoss(logits, tf.zeros([1, 1, 1, 1, 2]))).toThrow('expected the shape of');
    });
  });
});

describe('ramp-ups', () => {
  it('go from near 0 to 1 and stay there', () => {
    expect(sigmoidRampUp(0, 40)).toBeCloseTo(Math.exp(-5), 9);
    expect([sigmoidRampUp(40, 40), sigmoidRampUp(90, 40), sigmoidRampUp(3, 0)]).toEqual([1, 1, 1]);
    expect([linearRampUp(-1, 4), linearRampUp(1, 4), linearRampUp(9, 4), linearRampUp(0, 0)]).toEqual([0, 0.25, 1, 1]);
  });
});
