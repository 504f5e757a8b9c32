import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeGpu } from './harness.js';

const MIB = 2 ** 20;

/** Hands over and reads back this many arrays of a MiB, each computed on with a parameter of its own. */
async function work(rounds: number): Promise<void> {
  const values = new Float32Array(MIB / 4).fill(1);
  for (let i = 0; i < rounds; i++) {
    const y = tf.tidy(() => tf.leakyRelu(tf.neg(tf.tensor1d(values)), 1 / (1 + rounds * i)));
    await y.data();
    y.dispose();
  }
}

describeGpu('memory of the process', () => {
  it('does not grow with what is handed over, read back and passed as parameters', async () => {
    await work(50);
    const [before, gpu] = [process.memoryUsage().rss, tf.memory()];
    await work(250);
    expect(tf.memory()).toEqual({ ...gpu, numDispatches: expect.any(Number) });
    // Of 500 MiB that went through staging buffers.
    expect((process.memoryUsage().rss - before) / MIB).toBeLessThan(150);
  });
});
