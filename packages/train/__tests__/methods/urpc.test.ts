import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { allImages, build, numbers } from './built.js';
import { diceCe, mean, softmax } from './reference.js';

beforeAll(async () => {
  await useBackend('wasm');
});

describe('urpc', () => {
  it.each([
    ['vNet', 2, 2],
    ['uNet3d', 3, 2],
    ['vNet', 2, 3],
  ] as const)('its loss is that of plain loops, %s with %i levels, %i classes', async (type, levels, classes) => {
    const sizes = { classes, network: { type, levels } };
    const patch = { 2: [8, 8, 4], 3: [8, 8, 8] }[levels] as [number, number, number];
    const options = { consistencyWeight: 0.5, rampUp: { length: 0 } };
    const [made, twin] = [build('urpc', options, { ...sizes, patch }), build('urpc', options, { ...sizes, patch })];
    const raw = await twin.batch(0);
    const { logits, auxiliary } = twin.apply('network', allImages(raw));
    const p = [logits, ...auxiliary].map((x) => softmax(numbers(x), classes));
    expect(p).toHaveLength(levels);
    const known = raw.labelled.labels.length * classes;
    const supervised = mean(p.map((own) => diceCe(own.slice(0, known), raw.labelled.labels, classes)));
    const other = p.map((own) => own.slice(known));
    const centre = other[0]!.map((_, i) => mean(other.map((own) => own[i]!)));
    const consistency = mean(
      other.map((own) => {
        const [weights, distances, divergences]: number[][] = [[], [], []];
        for (let v = 0; v < own.length; v += classes) {
          let [divergence, distance] = [0, 0];
          for (let c = v; c < v + classes; c++) {
            divergence += own[c]! * Math.log(own[c]! / centre[c]!);
            distance += (own[c]! - centre[c]!) ** 2 / classes;
          }
          weights!.push(Math.exp(-divergence));
          distances!.push(distance * Math.exp(-divergence));
          divergences!.push(divergence);
        }
        return mean(distances!) / mean(weights!) + mean(divergences!);
      }),
    );
    const found = await made.step(0);
    expect(consistency).toBeGreaterThan(1e-3);
    expect(found.supervised).toBeCloseTo(supervised, 5);
    expect(found.consistency).toBeCloseTo(consistency, 5);
    expect(found.loss).toBeCloseTo(supervised + 0.5 * consistency, 5);
    for (const one of [made, twin]) one.session.dispose();
  });

  it('predicts at as many scales as the network has, four at most, or as many as asked for', () => {
    const scales = (options: object, levels: number) => {
      const made = build('urpc', options, { network: { levels } });
      const { auxiliary } = made.apply('network', tf.ones([1, 32, 32, 32, 1]));
      made.session.dispose();
      return 1 + auxiliary.length;
    };
    expect([scales({}, 2), scales({}, 4), scales({}, 5), scales({ scales: 3 }, 4)]).toEqual([2, 4, 4, 3]);
    expect(() => build('urpc', { scales: 4 })).toThrow('too few for 3 auxiliary heads');
  });

  it.each(['first', 'mean'])('predicts with the full resolution or the mean of all: %s', async (evaluate) => {
    const x = tf.randomUniform([1, 8, 8, 4, 1], 0, 1, 'float32', 1) as tf.Tensor5D;
    const made = build('urpc', { evaluate });
    await made.step(0);
    const { logits, auxiliary } = made.apply('network', x, false);
    const scales = [logits, ...auxiliary].map((scale) => softmax(numbers(scale)));
    numbers(made.session.predict(x)).forEach((value, i) => {
      expect(value).toBeCloseTo(evaluate === 'first' ? scales[0]![i]! : mean(scales.map((scale) => scale[i]!)), 5);
    });
    made.session.dispose();
  });
});
