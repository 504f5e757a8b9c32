import { KERNELS, stream } from '@crln/core';
import { batchNorm, channelDropout, conv3d, once, recompute, variableGradients } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, it } from 'vitest';
import { describeBackends, ownKernels, scoped } from './support/backends.js';
import { normals, tensorOf } from './support/gradcheck.js';

const made: tf.Variable[] = [];
const variable = (shape: number[], seed: number): tf.Variable => {
  const one = tf.tidy(() => tf.variable(tensorOf(normals(shape, seed))));
  made.push(one);
  return one;
};
afterEach(() => tf.dispose(made.splice(0)));

type Block = (x: tf.Tensor) => tf.Tensor;
const plain = (f: Block, x: tf.Tensor) => f(x);
const again = (f: Block, x: tf.Tensor) => recompute(f, [x]);

/** The loss's value and its gradients, with TensorFlow.js's backward pass or ours. */
async function evaluated(loss: () => tf.Scalar, variables: tf.Variable[], stock: boolean) {
  return scoped(async () => {
    const { value, grads } = stock
      ? tf.variableGrads(loss, variables)
      : { value: loss(), grads: variableGradients(loss, variables).gradients };
    return Promise.all([value, ...Object.values(grads)].map((t) => (t as tf.Tensor).data()));
  });
}

describeBackends('recompute', (backend) => {
  const own = ownKernels(backend);
  /** Two blocks of conv, norm and dropout on a skip, with weights of their own. */
  function network(run: typeof plain) {
    const kernels = [variable([3, 3, 3, 2, 5], 1), variable([3, 3, 3, 5, 5], 2)];
    const [gamma, beta] = [variable([5], 3), variable([5], 4)];
    const x = tensorOf(normals([2, 4, 5, 3, 2]));
    const loss = () => {
      const random = stream(3, 'mask');
      const block =
        (i: number): Block =>
        (x) =>
          channelDropout(batchNorm(conv3d(x, kernels[i]!), { gamma, beta, relu: true }).y, 0.3, random);
      const a = run(block(0), x);
      const b = run(block(1), a);
      return tf.mean(tf.square(tf.add(a, b))) as tf.Scalar;
    };
    return { loss, variables: [...kernels, gamma, beta], x };
  }

  it.each([true, false])(
    "gives the same value and the same gradients of all weights, bit for bit, dropout included; TensorFlow.js's own backward pass: %s",
    async (stock) => {
      const [one, two] = [network(plain), network(again)];
      const before = tf.memory().numTensors;
      const [expected, actual] = [
        await evaluated(one.loss, one.variables, stock),
        await evaluated(two.loss, two.variables, stock),
      ];
      expect(actual).toEqual(expected);
      expect(tf.memory().numTensors).toBe(before);
      tf.dispose([one.x, two.x]);
    },
  );

  it('gives gradients of several inputs and outputs, of inputs handed on, and of none that does not matter', async () => {
    const inputs = [1, 2, 3].map((seed) => tensorOf(normals([4], seed)));
    const f = (a: tf.Tensor, b: tf.Tensor, _: tf.Tensor) => [tf.mul(a, b), a, a, tf.square(b)];
    const loss = (run: (...xs: tf.Tensor[]) => tf.Tensor[]) =>
      tf.grads((a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) => {
        const ys = run(a, b, c);
        return tf.sum(tf.addN([...ys.map((y, i) => tf.mul(tf.square(y), i + 1)), tf.square(c)]));
      })(inputs);
    const [expected, actual] = [loss(f), loss((...xs) => recompute(f, xs))];
    for (const [i, gradient] of actual.entries()) expect(await gradient.data()).toEqual(await expected[i]!.data());
    tf.dispose([inputs, expected, actual]);
  });

  it('keeps the inputs alone until the backward pass', () => {
    const w = variable([1000], 1);
    const long: Block = (x) => {
      for (let i = 0; i < 20; i++) x = tf.square(x);
      return x;
    };
    const held = (run: typeof plain) => {
      let bytes = 0;
      const before = tf.memory().numBytes;
      const loss = () => {
        const y = tf.mean(run(long, tf.mul(w, 1e-3))) as tf.Scalar;
        bytes = tf.memory().numBytes - before;
        return y;
      };
      tf.tidy(() => void variableGradients(loss, [w]));
      expect(tf.memory().numBytes).toBe(before);
      return bytes / 4000;
    };
    expect(held(plain)).toBeGreaterThan(20);
    expect(held(again)).toBeLessThan(6);
  });

  it('runs once what is to happen once, nested or not, and without a gradient too', () => {
    const w = variable([3], 1);
    let count = 0;
    const seen: number[] = [];
    const block: Block = (x) => {
      seen.push(once(() => ++count));
      return tf.mul(x, x);
    };
    const nested: Block = (x) => again(block, again(block, x));
    tf.tidy(() => {
      variableGradients(() => tf.sum(again(nested, w)) as tf.Scalar, [w]);
      // Each block runs three times: forward, in the outer function's second run, and in its own.
      expect(seen.toSorted()).toEqual([1, 1, 1, 2, 2, 2]);
      nested(w);
      expect(count).toBe(4);
    });
  });

  it('computes no gradient of an input that nobody asks for', () => {
    if (!own) return;
    const kernel = variable([3, 3, 3, 2, 5], 1);
    const image = tensorOf(normals([1, 4, 4, 4, 2]));
    const block: Block = (x) => conv3d(x, kernel);
    own.reset();
    tf.tidy(() => void variableGradients(() => tf.mean(again(block, image)) as tf.Scalar, [kernel]));
    expect(own.calls()[KERNELS.Conv3d]).toBe(2);
    expect(own.calls()[KERNELS.Conv3dFilterGrad]).toBe(1);
    expect(own.calls()[KERNELS.Conv3dInputGrad]).toBeUndefined();
    image.dispose();
  });

  it('refuses the gradient of its gradient, and a function that takes another way the second time', () => {
    const w = variable([3], 1);
    tf.tidy(() => {
      const gradient = tf.grad((x: tf.Tensor) => again(tf.square, x));
      expect(() => tf.grad((x: tf.Tensor) => gradient(x))(w)).toThrow('there is no gradient of its gradient');
      let runs = 0;
      const wayward: Block = (x) => {
        if (++runs > 1) once(() => 0);
        return tf.square(x);
      };
      expect(() => variableGradients(() => tf.sum(again(wayward, w)) as tf.Scalar, [w])).toThrow('took another way');
    });
  });
});
