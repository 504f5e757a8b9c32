import type { Triple } from '@crln/core';
import { type InputRecipe, volume } from '@crln/data';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { predictVolume } from '../src/predict.js';

beforeAll(() => tf.setBackend('cpu'));

const recipe: InputRecipe = {
  format: 1,
  orientation: 'RAS',
  spacing: null,
  spacingTolerance: 0.1,
  normalisation: 'minmax',
  labels: [0, 255],
};
const shape: Triple = [7, 6, 5];
/** Axes (j, −k, i) of the patient, oblique. */
const affine = [0, 0, -1.5, 10, 1, 0.1, 0, 20, 0.1, -2, 0, 30, 0, 0, 0, 1];
const bright = (v: number) => v % 5 === 2 || v === 0;
const image = volume(
  Float32Array.from({ length: 210 }, (_, v) => (bright(v) ? 90 : 10)),
  shape,
  { affine },
);
/** Probability of class 1 = intensity. */
const network = (x: tf.Tensor5D) => tf.concat([tf.sub(1, x), x], 4);

describe('predictVolume', () => {
  it('returns the labels of the file on the grid of the file, also where the recipe turned it', async () => {
    const { labels, probabilities } = await predictVolume(image, recipe, network, { roiSize: 4, probabilities: true });
    expect([...labels.data]).toEqual(Array.from({ length: 210 }, (_, v) => (bright(v) ? 255 : 0)));
    expect([labels.shape, labels.spacing, labels.affine]).toEqual([image.shape, image.spacing, image.affine]);
    expect([probabilities?.shape, probabilities?.channels]).toEqual([shape, 2]);
    expect([...(probabilities?.data.subarray(0, 4) ?? [])]).toEqual([0, 1, 1, 0]);
  });

  it('comes back to the native grid where the recipe resamples', async () => {
    const finer = { ...recipe, spacing: [1, 1, 1] as Triple };
    const { labels, probabilities } = await predictVolume(image, finer, network, { roiSize: 4 });
    expect(labels.shape).toEqual(shape);
    expect(probabilities).toBeUndefined();
    expect(new Set(labels.data)).toEqual(new Set([0, 255]));
    const right = Array.from(labels.data).filter((value, v) => value === (bright(v) ? 255 : 0)).length;
    expect(right).toBeGreaterThan(200);
  });

  it('can keep the largest component only', async () => {
    const { labels, probabilities } = await predictVolume(image, recipe, network, {
      roiSize: 4,
      largestComponent: { connectivity: 6 },
      probabilities: true,
    });
    expect(labels.data[0]).toBe(0);
    expect([...(probabilities?.data.subarray(0, 2) ?? [])]).toEqual([1, 0]);
    expect(labels.data[2]).toBe(255);
  });

  it('refuses an image with NaN', async () => {
    const broken = volume(new Float32Array(8).fill(Number.NaN), [2, 2, 2], { source: 'scan.nii' });
    await expect(predictVolume(broken, recipe, network, { roiSize: 2 })).rejects.toThrow(/scan\.nii/);
  });
});
