import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { allImages, build, numbers } from './built.js';
import { dice, mean, softmax } from './reference.js';

beforeAll(async () => {
  await useBackend('wasm');
});

/** p^{1/T} over its sum at each voxel. */
function sharpen(p: readonly number[], temperature: number, classes: number): number[] {
  return p.map((value, i) => {
    const voxel = i - (i % classes);
    const sum = p.slice(voxel, voxel + classes).reduce((total, other) => total + other ** (1 / temperature), 0);
    return value ** (1 / temperature) / sum;
  });
}

describe('mc-net', () => {
  it.each([
    ['vNet', 2, {}],
    ['uNet3d', 2, { targetGradient: false }],
    ['vNet', 3, { decoders: ['nearest', 'transposed'], temperature: 0.5 }],
  ] as const)('its loss is that of plain loops, %s, %i classes, %j', async (type, classes, more) => {
    const options = { consistencyWeight: 0.8, rampUp: { length: 0 }, ...more };
    const sizes = { classes, network: { type } };
    const [made, twin] = [build('mc-net', options, sizes), build('mc-net', options, sizes)];
    const raw = await twin.batch(0);
    const { decoders } = twin.apply('network', allImages(raw));
    expect(decoders).toHaveLength('decoders' in more ? 2 : 3);
    const p = decoders.map((logits) => softmax(numbers(logits), classes));
    const sharp = p.map((own) => sharpen(own, 'temperature' in more ? 0.5 : 0.1, classes));
    const known = raw.labelled.labels.length * classes;
    const supervised = p.map((own) => dice(own.slice(0, known), raw.labelled.labels, classes)).reduce((a, b) => a + b);
    let consistency = 0;
    p.forEach((own, i) => {
      sharp.forEach((target, j) => {
        if (i !== j) consistency += mean(own.map((value, k) => (value - target[k]!) ** 2));
      });
    });
    const found = await made.step(0);
    expect(found.supervised).toBeCloseTo(supervised, 5);
    expect(found.consistency).toBeCloseTo(consistency, 5);
    expect(found.loss).toBeCloseTo(0.5 * supervised + 0.8 * consistency, 5);
    for (const one of [made, twin]) one.session.dispose();
  });

  it('lets gradients flow through its targets, or not', async () => {
    const after = async (targetGradient: boolean) => {
      const made = build('mc-net', { targetGradient, supervisedWeight: 0, rampUp: { length: 0 } });
      await made.step(0);
      const found = made.weights('network');
      made.session.dispose();
      return found;
    };
    expect(await after(true)).not.toEqual(await after(false));
  });

  it('predicts with the first decoder, which is a plain network, or the mean of all', async () => {
    const x = tf.randomUniform([1, 8, 8, 4, 1], 0, 1, 'float32', 1) as tf.Tensor5D;
    const of = (method: string, options: object) => {
      const made = build(method, options);
      const found = numbers(made.session.predict(x));
      made.session.dispose();
      return found;
    };
    const first = of('mc-net', {});
    expect(first).toEqual(of('supervised', { evaluate: 'student' }));
    expect(of('mc-net', { evaluate: 'mean' })).not.toEqual(first);
  });
});
