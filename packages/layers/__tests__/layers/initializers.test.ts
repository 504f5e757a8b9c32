import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeOwnBackends, readAll } from '../../../ops/__tests__/support/backends.js';
import { Conv3d, Conv3dTranspose, vNet } from '../../src/index.js';

const values = (layer: Conv3d | Conv3dTranspose, i: number) => layer.getWeights()[i]!.data();
const spread = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((s, v) => s + v * v, 0) / x.length);

describeOwnBackends('first weights', () => {
  it('convolutions start Kaiming normal, their biases within ±1/√fanIn', async () => {
    const layer = new Conv3d({ filters: 64, kernelSize: 3, name: 'conv' });
    layer.apply(tf.zeros([1, 3, 3, 3, 8]));
    expect(spread(await values(layer, 0))).toBeCloseTo(Math.sqrt(2 / 216), 2);
    expect(Math.max(...(await values(layer, 1)).map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(216));
    expect(spread(await values(layer, 1))).toBeGreaterThan(0.4 / Math.sqrt(216));
  });

  it('transposed convolutions start uniform within ±1/√(Co·k³)', async () => {
    const layer = new Conv3dTranspose({ filters: 16, kernelSize: 2, strides: 2, name: 'up' });
    layer.apply(tf.zeros([1, 2, 2, 2, 32]));
    const bound = 1 / Math.sqrt(16 * 8);
    expect(Math.max(...(await values(layer, 0)).map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(spread(await values(layer, 0))).toBeCloseTo(bound / Math.sqrt(3), 2);
  });

  it('first weights depend on seed and name alone, not on what was built before', async () => {
    const make = (seed: number, name: string) => {
      const layer = new Conv3d({ filters: 2, kernelSize: 1, seed, name });
      layer.apply(tf.zeros([1, 1, 1, 1, 2]));
      return values(layer, 0);
    };
    const first = await make(1, 'a');
    await make(1, 'b');
    expect(await make(1, 'a')).toEqual(first);
    expect(await make(2, 'a')).not.toEqual(first);
    expect(await make(1, 'b')).not.toEqual(first);
  });

  it('a network without a head starts as the one with a head does', async () => {
    const weights = async (representation?: number) => {
      const net = vNet({
        baseFilters: 2,
        levels: 2,
        seed: 5,
        ...(representation !== undefined && { representation }),
      });
      const read = await readAll(net.weights.map((w) => w.read()));
      return Object.fromEntries(net.weights.map((w, i) => [w.originalName, read[i]!]));
    };
    const [plain, headed] = [await weights(), await weights(3)];
    expect(Object.keys(headed).length).toBeGreaterThan(Object.keys(plain).length);
    for (const [name, value] of Object.entries(plain)) expect(headed[name]).toEqual(value);
  });
});
