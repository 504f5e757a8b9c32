import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { allImages, build, numbers } from './built.js';
import { argmax, crossEntropy, diceCe, softmax } from './reference.js';

beforeAll(async () => {
  await useBackend('wasm');
});

describe('cross-pseudo', () => {
  it.each([
    [{}, 2],
    [{ pseudoLabels: 'unlabelled', pseudoLoss: 'diceCe' }, 2],
    [{ pseudoLabels: 'unlabelled' }, 3],
  ])('its loss is that of plain loops, %j, %i classes', async (more, classes) => {
    const options = { consistencyWeight: 0.7, rampUp: { length: 10, period: 1 }, ...more };
    const [made, twin] = [build('cross-pseudo', options, { classes }), build('cross-pseudo', options, { classes })];
    const raw = await twin.batch(3);
    const logits = ['first', 'second'].map((model) => twin.logits(model, allImages(raw)));
    const [p, labels] = [logits.map((x) => softmax(x, classes)), logits.map((x) => argmax(x, classes))];
    const known = raw.labelled.labels.length;
    const supervised = p.map((own) => diceCe(own.slice(0, known * classes), raw.labelled.labels, classes));
    const from = 'pseudoLabels' in more ? known : 0;
    const cost = 'pseudoLoss' in more ? diceCe : crossEntropy;
    const learn = (student: number, teacher: number) =>
      cost(p[student]!.slice(from * classes), labels[teacher]!.slice(from), classes);
    const found = await made.step(3);
    expect(found.supervised).toBeCloseTo(supervised[0]! + supervised[1]!, 4);
    expect(found.cross).toBeCloseTo(learn(0, 1) + learn(1, 0), 4);
    expect(found.loss).toBeCloseTo(found.supervised! + 0.7 * Math.exp(-5 * 0.7 ** 2) * found.cross!, 5);
    for (const one of [made, twin]) one.session.dispose();
  });

  it('starts from two networks that differ, and trains both', async () => {
    const made = build('cross-pseudo', {});
    const before = ['first', 'second'].map(made.weights);
    expect(before[0]).not.toEqual(before[1]);
    await made.step(0);
    expect(made.weights('first')).not.toEqual(before[0]);
    expect(made.weights('second')).not.toEqual(before[1]);
    made.session.dispose();
  });

  it('predicts with the first network, the second, or the mean of both', async () => {
    const of = async (options: object) => {
      const made = build('cross-pseudo', options);
      await made.step(0);
      const found = numbers(made.session.predict(tf.ones([1, 8, 8, 4, 1])));
      made.session.dispose();
      return found;
    };
    const [first, second, both] = [await of({}), await of({ evaluate: 'second' }), await of({ evaluate: 'mean' })];
    expect(second).not.toEqual(first);
    both.forEach((value, i) => void expect(value).toBeCloseTo((first[i]! + second[i]!) / 2, 6));
  });
});
