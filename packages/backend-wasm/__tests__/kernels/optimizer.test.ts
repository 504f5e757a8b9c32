import { KERNELS, type SgdAttrs } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { expectClose, expectRounded, normals, RUNS, runOurs, useWasm } from './harness.js';

beforeAll(useWasm);

const p = normals(37, 1);
const g = normals(37, 2);
const v = normals(37, 3);

it.each<SgdAttrs>([
  { learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4, nesterov: false },
  { learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4, nesterov: true },
  { learningRate: 0.5, momentum: 0, weightDecay: 0, nesterov: false },
])('takes one step of PyTorch’s SGD: $momentum, $weightDecay, nesterov $nesterov', (attrs) => {
  const inputs = { parameter: tf.tensor1d(p), gradient: tf.tensor1d(g), velocity: tf.tensor1d(v) };
  const [nextP, nextV] = runOurs(KERNELS.SgdStep, inputs, attrs);
  const gradient = g.map((value, i) => value + attrs.weightDecay * p[i]!);
  const velocity = v.map((value, i) => attrs.momentum * value + gradient[i]!);
  expectClose(nextV!, velocity);
  expectClose(
    nextP!,
    p.map((value, i) => {
      const step = attrs.nesterov ? gradient[i]! + attrs.momentum * velocity[i]! : velocity[i]!;
      return value - attrs.learningRate * step;
    }),
  );
});

it('moves the target a little towards the source', () => {
  const [next] = runOurs(KERNELS.EmaStep, { target: tf.tensor1d(p), source: tf.tensor1d(g) }, { decay: 0.99 });
  expectClose(
    next!,
    p.map((value, i) => 0.99 * value + 0.01 * g[i]!),
  );
});

it('moves many parameters and averages at once, with the bits of numbers in JavaScript', () => {
  const attrs = { learningRate: 0.0173, momentum: 0.9, weightDecay: 5e-4, nesterov: true, decay: 0.987 };
  // The third crosses units, the fourth has no gradient, the fifth no average.
  const sizes = [1, 7, 150_001, 33, 4];
  const inputs: Record<string, tf.Tensor> = {};
  const expected: Float32Array[] = [];
  sizes.forEach((size, i) => {
    const [p, g, v, a] = [1, 2, 3, 4].map((kind) => normals(size, 10 * i + kind)) as [Float32Array, ...Float32Array[]];
    inputs[`parameter${i}`] = tf.tensor1d(p);
    let moved = p;
    if (i !== 3) {
      Object.assign(inputs, { [`gradient${i}`]: tf.tensor1d(g!), [`velocity${i}`]: tf.tensor1d(v!) });
      const gradient = Float64Array.from(p, (value, k) => g![k]! + attrs.weightDecay * value);
      const velocity = Float64Array.from(v!, (value, k) => attrs.momentum * value + gradient[k]!);
      const [own, along] = [attrs.learningRate, attrs.learningRate * attrs.momentum];
      moved = p.map((value, k) => value - (own * gradient[k]! + along * velocity[k]!));
      expected.push(moved, Float32Array.from(velocity));
    }
    if (i === 4) return;
    inputs[`average${i}`] = tf.tensor1d(a!);
    expected.push(a!.map((value, k) => value * attrs.decay + moved[k]! * (1 - attrs.decay)));
  });
  const moved = runOurs(KERNELS.OptimizerStep, inputs, attrs);
  expect(moved.map((values) => [...values])).toEqual(expected.map((values) => [...values]));
  tf.dispose(inputs);
});

/** Parameter, velocity and average after a step, in float64. */
function naive([p, g, v, a]: readonly Float32Array[], attrs: SgdAttrs & { decay: number }): Float64Array[] {
  const { learningRate, momentum, weightDecay, nesterov, decay } = attrs;
  const gradient = Float64Array.from(p!, (value, k) => g![k]! + weightDecay * value);
  const velocity = gradient.map((value, k) => momentum * v![k]! + value);
  const moved = velocity.map(
    (value, k) => p![k]! - learningRate * (nesterov ? gradient[k]! + momentum * value : value),
  );
  return [moved, velocity, moved.map((value, k) => a![k]! * decay + value * (1 - decay))];
}

it('takes the step and moves the average for any sizes and settings', () => {
  const rate = fc.double({ min: 1e-4, max: 1, noNaN: true });
  const attributes = fc.record({
    learningRate: rate,
    momentum: fc.constantFrom(0, 0.9),
    weightDecay: fc.constantFrom(0, 1e-4, 0.1),
    nesterov: fc.boolean(),
    decay: rate,
  });
  const lists = fc.array(fc.constantFrom(1, 2, 3, 4, 5, 17, 70), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(attributes, lists, fc.nat(), (attrs, counts, seed) => {
      const tensors: Record<string, tf.Tensor> = {};
      const expected: Float64Array[] = [];
      const terms: Float64Array[] = [];
      counts.forEach((size, i) => {
        const [p, g, v, a] = [0, 1, 2, 3].map((kind) => normals(size, seed + 4 * i + kind)) as [
          Float32Array,
          Float32Array,
          Float32Array,
          Float32Array,
        ];
        const given = [p, g, v, a];
        // What the terms add up to without their signs: the step then goes the parameter's way.
        const sized = given.map((values) => values.map(Math.abs));
        const [exact, sizes] = [naive(given, attrs), naive(sized, { ...attrs, learningRate: -attrs.learningRate })];
        expected.push(...exact);
        terms.push(...sizes);
        const [parameter, slope, speed, follower] = [p, g, v, a].map((values) => tf.tensor1d(values)) as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
        ];
        Object.assign(tensors, { [`parameter${i}`]: parameter, [`gradient${i}`]: slope });
        Object.assign(tensors, { [`velocity${i}`]: speed, [`average${i}`]: follower });
        const alone = runOurs(KERNELS.SgdStep, { parameter, gradient: slope, velocity: speed }, attrs);
        const source = tf.tensor1d(alone[0]!);
        const [next] = runOurs(KERNELS.EmaStep, { target: follower, source }, attrs);
        source.dispose();
        [...alone, next!].forEach((values, k) => {
          expectRounded(values, exact[k]!, sizes[k]!);
        });
      });
      const all = runOurs(KERNELS.OptimizerStep, tensors, attrs);
      expect(all.length).toBe(expected.length);
      all.forEach((values, k) => {
        expectRounded(values, expected[k]!, terms[k]!);
      });
      tf.dispose(tensors);
    }),
    RUNS,
  );
});
