import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { build, images, numbers } from './built.js';
import { diceCe, mean, softmax } from './reference.js';

beforeAll(async () => {
  await useBackend('wasm');
});

/** The image with the noise that a pass of iteration 1 draws. */
function noisy(made: ReturnType<typeof build>, image: tf.Tensor, pass: number): tf.Tensor {
  const noise = [...made.stream(`noise/${pass}`, 1).normals(image.size)].map((z) =>
    Math.max(-0.2, Math.min(0.1 * z, 0.2)),
  );
  return tf.tensor(
    numbers(image).map((x, i) => x + noise[i]!),
    image.shape,
  );
}

describe('ua-mt', () => {
  it.each([2, 3])('its loss is that of plain loops, %i classes', async (classes) => {
    const options = { passes: 3, threshold: 0.9, consistencyWeight: 2, rampUp: { length: 0 } };
    const [made, twin] = [build('ua-mt', options, { classes }), build('ua-mt', options, { classes })];
    // The first step makes teacher and student differ from their first weights, and from each other in the second.
    for (const one of [made, twin]) await one.step(0);
    const { labelled, unlabelled } = await twin.batch(1);
    const image = images(unlabelled!);
    const p = softmax(twin.logits('student', tf.concat([images(labelled), image])), classes);
    const voxels = labelled.labels.length;
    const [own, student] = [p.slice(0, voxels * classes), p.slice(voxels * classes)];
    const target = softmax(twin.logits('teacher', noisy(twin, image, 0)), classes);
    const passes = [1, 2, 3].map((i) => softmax(twin.logits('teacher', noisy(twin, image, i)), classes));
    const limit = (0.9 + 0.1 * Math.exp(-5 * (1 - 1 / 6) ** 2)) * Math.log(classes);
    const distances: number[] = [];
    for (let v = 0; v < voxels; v++) {
      let [entropy, distance] = [0, 0];
      for (let c = v * classes; c < (v + 1) * classes; c++) {
        const q = mean(passes.map((pass) => pass[c]!));
        entropy -= q * Math.log(q + 1e-6);
        distance += (student[c]! - target[c]!) ** 2 / classes;
      }
      if (entropy < limit) distances.push(distance);
    }
    const found = await made.step(1);
    expect(distances.length).toBeGreaterThan(voxels / 20);
    expect(distances.length).toBeLessThan(voxels);
    expect(found.certain).toBeCloseTo(distances.length / voxels, 5);
    expect(found.consistency).toBeCloseTo(mean(distances), 6);
    expect(found.supervised).toBeCloseTo(diceCe(own, labelled.labels, classes), 5);
    expect(found.loss).toBeCloseTo(found.supervised! + 2 * found.consistency!, 5);
    for (const one of [made, twin]) one.session.dispose();
  });

  it('lets few voxels count where few are certain, and all in the end', async () => {
    const made = build('ua-mt', { passes: 1, threshold: 0 });
    expect((await made.step(0, 1000)).certain).toBeLessThan(0.05);
    expect((await made.step(1000, 1000)).certain).toBeGreaterThan(0.99);
    made.session.dispose();
  });

  it('drops and perturbs anew in every pass: more passes are another estimate', async () => {
    const after = async (passes: number) => {
      const made = build('ua-mt', { passes, threshold: 0.8 }, { network: { dropout: 0.5 } });
      const { certain } = await made.step(0, 10);
      made.session.dispose();
      return certain;
    };
    expect(await after(1)).not.toBe(await after(2));
  });

  it('predicts with the student, or the teacher', async () => {
    const probabilities = async (options: object) => {
      const made = build('ua-mt', { passes: 1, ...options });
      for (let t = 0; t < 3; t++) await made.step(t);
      const found = numbers(made.session.predict(tf.ones([1, 8, 8, 4, 1])));
      made.session.dispose();
      return found;
    };
    const [standard, student, teacher] = [{}, { evaluate: 'student' }, { evaluate: 'teacher' }].map(probabilities);
    expect(await standard).toEqual(await student);
    expect(await teacher).not.toEqual(await student);
  });
});
