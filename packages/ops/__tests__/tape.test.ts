import { isCrlnError } from '@crln/core';
import { conv3d, instanceNorm, variableGradients } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, it } from 'vitest';
import { describeBackends } from './support/backends.js';
import { normals, tensorOf } from './support/gradcheck.js';

const made: tf.Variable[] = [];
const variable = (shape: number[], seed: number): tf.Variable => {
  const one = tf.tidy(() => tf.variable(tensorOf(normals(shape, seed))));
  made.push(one);
  return one;
};
afterEach(() => tf.dispose(made.splice(0)));

/** Calls `look` when the gradient of x has arrived. */
const probe = (x: tf.Tensor, look: () => void): tf.Tensor =>
  tf.customGrad((y) => ({
    value: tf.clone(y as tf.Tensor),
    gradFunc: (dy) => {
      look();
      return tf.clone(dy);
    },
  }))(x);

describeBackends('variableGradients', () => {
  it('equals tf.variableGrads bit for bit, and leaves no tensor behind', async () => {
    const [first, second, unused] = [variable([3, 3, 3, 2, 5], 1), variable([3, 3, 3, 5, 5], 2), variable([2], 3)];
    const shared = variable([5], 4);
    const x = tensorOf(normals([2, 4, 5, 3, 2]));
    const loss = (): tf.Scalar => {
      const a = instanceNorm(conv3d(x, first, { bias: shared }), { gamma: shared, relu: true });
      const b = instanceNorm(conv3d(a, second, { bias: shared }), { relu: true });
      return tf.mean(tf.square(tf.add(tf.concat([a, b], 4), tf.concat([b, b], 4)))) as tf.Scalar;
    };
    const variables = [first, second, unused, shared];
    const before = tf.memory().numTensors;
    const ours = variableGradients(loss, variables);
    const { value, grads } = tf.variableGrads(loss, variables);
    expect(await ours.value.data()).toEqual(await value.data());
    expect(ours.gradients[2]).toBeUndefined();
    for (const i of [0, 1, 3]) {
      expect(await ours.gradients[i]!.data(), `variable ${i}`).toEqual(await grads[variables[i]!.name]!.data());
    }
    tf.dispose([ours.value, ours.gradients, value, grads] as tf.TensorContainer);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });

  it('takes a gradient that is handed on as it came, to several inputs', async () => {
    const w = variable([3], 1);
    // value a + b, and the same tensor for both gradients.
    const sum = (a: tf.Tensor, b: tf.Tensor) =>
      tf.customGrad((a, b) => ({ value: tf.add(a as tf.Tensor, b as tf.Tensor), gradFunc: (dy) => [dy, dy] }))(a, b);
    const { value, gradients } = variableGradients(() => {
      const a = tf.mul(w, 2);
      const b = tf.mul(w, 3);
      return tf.sum(sum(sum(a, b), a)) as tf.Scalar;
    }, [w]);
    expect([...(await gradients[0]!.data())]).toEqual([7, 7, 7]);
    tf.dispose([value, gradients]);
  });

  it('has let go of the activations and gradients behind it when it arrives at the front', () => {
    const w = variable([1000], 1);
    const held = (run: (loss: () => tf.Scalar) => object) => {
      let bytes = 0;
      const before = tf.memory().numBytes;
      tf.tidy(() => {
        run(() => {
          let x: tf.Tensor = probe(w, () => {
            bytes = tf.memory().numBytes - before;
          });
          for (let i = 0; i < 20; i++) x = tf.square(x);
          return tf.mean(x) as tf.Scalar;
        });
      });
      expect(tf.memory().numBytes).toBe(before);
      return bytes / 4000;
    };
    expect(held((loss) => tf.variableGrads(loss, [w]))).toBeGreaterThan(38);
    expect(held((loss) => variableGradients(loss, [w]))).toBeLessThan(4);
  });

  it('refuses a value that depends on no variable, and lets go of everything when the function throws', () => {
    const w = variable([3], 1);
    const before = tf.memory().numTensors;
    let caught: unknown;
    tf.tidy(() => {
      try {
        variableGradients(() => tf.scalar(1), [w]);
      } catch (error) {
        caught = error;
      }
    });
    expect(isCrlnError(caught, 'invalid-argument')).toBe(true);
    const broken = () =>
      variableGradients(() => {
        tf.square(tf.square(w));
        throw new Error('broken');
      }, [w]);
    expect(broken).toThrow('broken');
    expect(tf.memory().numTensors).toBe(before);
    // The tape is TensorFlow.js's own again.
    tf.tidy(() => {
      expect(tf.variableGrads(() => tf.sum(tf.square(w)) as tf.Scalar, [w]).grads[w.name]!.shape).toEqual([3]);
    });
  });
});
