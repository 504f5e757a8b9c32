import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { type Rectifier, rectifier, weightVariables } from '../src/index.js';

beforeAll(() => useBackend('wasm'));

const logits = () => tf.fill([1, 1, 1, 1, 2], 1);
const map = () => tf.fill([1, 1, 1, 1, 2], 4);
const value = (layer: Rectifier) => (layer.apply([logits(), map()]) as tf.Tensor).dataSync()[0];
/** dL/dμ of L = sign · Σ output. */
const gradient = (layer: Rectifier, sign: number) =>
  Object.values(
    tf.variableGrads(
      () => tf.mul(sign, tf.sum(layer.apply([logits(), map()]) as tf.Tensor)) as tf.Scalar,
      Object.values(weightVariables(layer)),
    ).grads,
  )[0]!.dataSync()[0];

it('adds the map, less the more μ has grown', () => {
  const layer = rectifier();
  expect(value(layer)).toBe(5);
  layer.mu.write(tf.scalar(0.25));
  expect(value(layer)).toBe(4);
  expect(gradient(layer, 1)).toBe(-8);
});

it('reference leaves μ free, paper keeps it in [0, 1]', () => {
  expect(value(rectifier({ init: 1.5 }))).toBe(-1);
  expect(value(rectifier({ init: 1.5, clip: true }))).toBe(1);
  expect(value(rectifier({ init: -3, clip: true }))).toBe(5);
});

it('outside [0, 1] a clipped μ can come back and cannot go further', () => {
  const above = rectifier({ init: 2, clip: true });
  expect(gradient(above, -1)).toBe(8); // descent lowers μ
  expect(gradient(above, 1)).toBeCloseTo(0);
  const below = rectifier({ init: -1, clip: true });
  expect(gradient(below, 1)).toBe(-8);
  expect(gradient(below, -1)).toBeCloseTo(0);
  expect(gradient(rectifier({ clip: true }), 1)).toBe(-8);
});

it('refuses logits and map of different shapes', () => {
  expect(() => rectifier().apply([logits(), tf.zeros([1, 1, 1, 2, 2])])).toThrow(
    'rectifier: expected [logits, map] of one shape [N, D, H, W, C], got [1,1,1,1,2] and [1,1,1,2,2]',
  );
});
