import { stream, type Triple } from '@crln/core';
import { describe, expect, it } from 'vitest';
import {
  applyBiasField,
  applyBrightness,
  applyContrast,
  applyGamma,
  applyGaussianBlur,
  applyGaussianNoise,
  applyHuWindow,
  applyMinMax,
  applyPercentileClip,
  applyZScore,
  drawBiasField,
  drawGaussianNoise,
  normalise,
  percentiles,
} from '../../src/index.js';
import { arrayOf, cases, expectClose } from './golden.js';
import { sampleOf } from './samples.js';

const line = (...image: number[]) => ({ image: Float32Array.from(image), shape: [image.length, 1, 1] as Triple });
const mean = (x: Float32Array) => x.reduce((a, b) => a + b, 0) / x.length;
const deviation = (x: Float32Array) => {
  const middle = mean(x);
  return Math.sqrt(x.reduce((a, b) => a + (b - middle) ** 2, 0) / x.length);
};

describe('brightness, contrast, gamma', () => {
  it('scale and shift, about 0, the mean, and by a power', () => {
    const bright = { type: 'brightness', factor: 2, shift: 0.5, clip: false } as const;
    expect([...applyBrightness(line(-1, 0, 0.2), bright).image]).toEqual([-1.5, 0.5, Math.fround(0.9)]);
    expect([...applyBrightness(line(-1, 0, 0.4), { ...bright, clip: true }).image]).toEqual([0, 0.5, 1]);
    const contrast = { type: 'contrast', factor: 2, keepRange: false } as const;
    expect([...applyContrast(line(0, 1, 5), contrast).image]).toEqual([-2, 0, 8]);
    expect([...applyContrast(line(0, 1, 5), { ...contrast, keepRange: true }).image]).toEqual([0, 0, 5]);
    const gamma = { type: 'gamma', gamma: 2, invert: false, keepStatistics: false } as const;
    expect([...applyGamma(line(-2, 0, 2), gamma).image]).toEqual([-2, -1, 2]);
    expect([...applyGamma(line(-2, 0, 2), { ...gamma, invert: true }).image]).toEqual([-2, 1, 2]);
  });

  it('gamma keeps mean and deviation where asked, and leaves a constant image alone', () => {
    const sample = sampleOf([9, 8, 7]);
    const gamma = { type: 'gamma', gamma: 0.6, invert: true, keepStatistics: true } as const;
    const { image } = applyGamma(sample, gamma);
    expect(image).not.toEqual(sample.image);
    expect(mean(image)).toBeCloseTo(mean(sample.image), 5);
    expect(deviation(image)).toBeCloseTo(deviation(sample.image), 5);
    expect([...applyGamma(line(3, 3), gamma).image]).toEqual([3, 3]);
  });
});

describe('noise, blur and bias field', () => {
  it('noise has its sigma and clip, and another seed gives another', () => {
    const sample = { image: new Float32Array(20000), shape: [20, 20, 50] as Triple };
    const noise = { type: 'gaussianNoise', sigma: 0.1, clip: null, seed: 7 } as const;
    const { image } = applyGaussianNoise(sample, noise);
    expect(deviation(image)).toBeCloseTo(0.1, 2);
    expect(image.some((x) => x > 0.2)).toBe(true);
    const clipped = applyGaussianNoise(sample, { ...noise, clip: 0.2 }).image;
    expect(clipped.every((x) => Math.abs(x) <= Math.fround(0.2))).toBe(true);
    expect(applyGaussianNoise(sample, { ...noise, seed: 8 }).image).not.toEqual(image);
    expect(drawGaussianNoise(stream(1, 'a'), [1, 1, 1]).seed).not.toBe(
      drawGaussianNoise(stream(2, 'a'), [1, 1, 1]).seed,
    );
  });

  it('blur agrees with scipy.ndimage.gaussian_filter', () => {
    for (const { sigma, image, expected } of cases.blur) {
      const sample = { image: arrayOf(image), shape: image.shape as Triple };
      expectClose(applyGaussianBlur(sample, { type: 'gaussianBlur', sigma }).image, arrayOf(expected));
    }
  });

  it('bias field multiplies by the exponential of its polynomial', () => {
    const shape: Triple = [3, 2, 4];
    const record = drawBiasField(stream(3, 'test'), shape, { order: 2, strength: 0.4 });
    const terms: [number, number, number][] = [
      [0, 0, 1],
      [0, 0, 2],
      [0, 1, 0],
      [0, 1, 1],
      [0, 2, 0],
      [1, 0, 0],
      [1, 0, 1],
      [1, 1, 0],
      [2, 0, 0],
    ];
    expect(record.coefficients).toHaveLength(terms.length);
    const sample = sampleOf(shape);
    const { image } = applyBiasField(sample, record);
    for (const [n, x] of image.entries()) {
      const u = Math.floor(n / 8) - 1;
      const v = 2 * (Math.floor(n / 4) % 2) - 1;
      const w = (2 * (n % 4)) / 3 - 1;
      const sum = terms.reduce((s, [i, j, k], t) => s + record.coefficients[t]! * u ** i * v ** j * w ** k, 0);
      expect(x / (sample.image[n]! * Math.exp(sum))).toBeCloseTo(1, 5);
    }
    // One voxel lies in the middle of its axis, where the polynomial is 0.
    const one = { image: Float32Array.of(5), shape: [1, 1, 1] as Triple };
    expect([...applyBiasField(one, record).image]).toEqual([5]);
    expect(() => applyBiasField(sample, { ...record, order: 3 })).toThrow(
      /coefficients must be 19 numbers for order 3/,
    );
    expect(() => applyBiasField(sample, { ...record, coefficients: [1e9] })).toThrow(/add up to 40 at most/);
  });
});

describe('normalising', () => {
  it('percentiles agree with numpy, by both methods', () => {
    for (const { values, points, ...wanted } of cases.percentile) {
      for (const method of ['linear', 'inverted-cdf'] as const) {
        for (const [n, value] of percentiles(arrayOf(values), points, method).entries()) {
          expect(Math.abs(value - wanted[method][n]!)).toBeLessThan(1e-5);
        }
      }
    }
  });

  it('clips to two percentiles or to one', () => {
    const sample = line(...Array.from({ length: 1000 }, (_, n) => n - 500));
    const clip = { type: 'percentileClip', method: 'linear' } as const;
    const both = applyPercentileClip(sample, { ...clip, lower: 0.5, upper: 99.5 }).image;
    const [low, high] = percentiles(sample.image, [0.5, 99.5]) as [number, number];
    expect([both[0], both[999]]).toEqual([Math.fround(low), Math.fround(high)]);
    // 999 of 1000 values are at most 498: the point at which the cumulative histogram has 99.9 %.
    const upper = applyPercentileClip(sample, { ...clip, lower: null, upper: 99.9, method: 'inverted-cdf' }).image;
    expect([...upper.slice(-3)]).toEqual([497, 498, 498]);
    expect(upper[0]).toBe(-500);
    expect(() => applyPercentileClip(sample, { ...clip, lower: 60, upper: 40 })).toThrow(/lower 60 is above upper 40/);
  });

  it('min-max and z-score are those of normalise; over a mask, statistics are the mask’s', () => {
    const sample = sampleOf([5, 6, 7]);
    expect(applyMinMax(sample, { type: 'minMax' }).image).toEqual(normalise(sample.image, 'minmax'));
    const all = { type: 'zScore', over: 'all', others: 'scale' } as const;
    expect(applyZScore(sample, all).image).toEqual(normalise(sample.image, 'zscore'));
    const brain = line(0, 0, 0, 1, 3);
    expect([...applyZScore(brain, { ...all, over: 'positive' }).image]).toEqual([-2, -2, -2, -1, 1]);
    expect([...applyZScore(brain, { ...all, over: 'positive', others: 'zero' }).image]).toEqual([0, 0, 0, -1, 1]);
    const labelled = { ...line(8, 2, 4), label: Uint8Array.of(0, 1, 1) };
    expect([...applyZScore(labelled, { ...all, over: 'label' }).image]).toEqual([5, -1, 1]);
    expect([...applyZScore(line(2, 2), all).image]).toEqual([0, 0]);
    expect(() => applyZScore(line(0, -1), { ...all, over: 'positive' })).toThrow(/no voxel is above 0/);
  });

  it('shows the Hounsfield window of Pancreas-CT in [0, 1]', () => {
    const { image } = applyHuWindow(line(-1000, -125, 75, 275, 3000), { type: 'huWindow', centre: 75, width: 400 });
    expect([...image]).toEqual([0, 0, 0.5, 1, 1]);
  });

  it('says that an image is not finite, where one such voxel would spoil all', () => {
    const bad = line(1, Number.NaN, 2);
    for (const spoil of [
      () => applyMinMax(bad, { type: 'minMax' }),
      () => applyZScore(bad, { type: 'zScore', over: 'all', others: 'scale' }),
      () => applyContrast(bad, { type: 'contrast', factor: 2, keepRange: true }),
      () => applyPercentileClip(bad, { type: 'percentileClip', lower: 1, upper: 99, method: 'linear' }),
    ]) {
      expect(spoil).toThrow(/the image has NaN or infinite voxels/);
    }
  });
});
