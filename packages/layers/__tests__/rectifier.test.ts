import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeOwnBackends } from '../../ops/__tests__/support/backends.js';
import { type Rectifier, rectifier, weightVariables } from '../src/index.js';

const logits = () => tf.fill([1, 1, 1, 1, 2], 1);
const map = () => tf.fill([1, 1, 1, 1, 2], 4);
const value = async (layer: Rectifier) => (await (layer.apply([logits(), map()]) as tf.Tensor).data())[0];
/** dL/dμ of L = sign · Σ output. */
const gradient = async (layer: Rectifier, sign: number) => {
  const { grads } = tf.variableGrads(
    () => tf.mul(sign, tf.sum(layer.apply([logits(), map()]) as tf.Tensor)) as tf.Scalar,
    Object.values(weightVariables(layer)),
  );
  return (await Object.values(grads)[0]!.data())[0];
};

describeOwnBackends('rectifier', () => {
  it('adds the map, less the more μ has grown', async () => {
    const layer = rectifier();
    expect(await value(layer)).toBe(5);
    layer.mu.write(tf.scalar(0.25));
    expect(await value(layer)).toBe(4);
    expect(await gradient(layer, 1)).toBe(-8);
  });

  it('reference leaves μ free, paper keeps it in [0, 1]', async () => {
    expect(await value(rectifier({ init: 1.5 }))).toBe(-1);
    expect(await value(rectifier({ init: 1.5, clip: true }))).toBe(1);
    expect(await value(rectifier({ init: -3, clip: true }))).toBe(5);
  });

  it('outside [0, 1] a clipped μ can come back and cannot go further', async () => {
    const above = rectifier({ init: 2, clip: true });
    expect(await gradient(above, -1)).toBe(8); // descent lowers μ
    expect(await gradient(above, 1)).toBeCloseTo(0);
    const below = rectifier({ init: -1, clip: true });
    expect(await gradient(below, 1)).toBe(-8);
    expect(await gradient(below, -1)).toBeCloseTo(0);
    expect(await gradient(rectifier({ clip: true }), 1)).toBe(-8);
  });

  it('refuses logits and map of different shapes', () => {
    expect(() => rectifier().apply([logits(), tf.zeros([1, 1, 1, 2, 2])])).toThrow(
      'rectifier: expected [logits, map] of one shape [N, D, H, W, C], got [1,1,1,1,2] and [1,1,1,2,2]',
    );
  });
});
