import { KERNELS, type SgdAttrs } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, it } from 'vitest';
import { expectClose, normals, runOurs, useWasm } from './harness.js';

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
