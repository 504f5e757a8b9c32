import { CrlnError, KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it, vi } from 'vitest';
import type { CrlnWebGpuBackend } from '../src/backend.js';
import { describeGpu, run } from './harness.js';

describeGpu('a kernel that fails', () => {
  it('leaves neither its scratch space nor its outputs behind', async () => {
    const backend = tf.backend() as CrlnWebGpuBackend;
    const [logits, labels] = [tf.ones([1, 8, 3]), tf.zeros([1, 8], 'int32')];
    const sums = () => run(KERNELS.CrossEntropySums, { logits, labels }, { ignoreIndex: -1 });
    tf.dispose(sums());
    const before = [backend.pool.blocks, backend.numDataIds()];
    const dispatch = vi.spyOn(backend.recorder, 'dispatch').mockImplementation(({ key }) => {
      if (key === 'totals') throw new CrlnError('out-of-memory', 'the device has no more memory');
    });
    expect(sums).toThrow('no more memory');
    dispatch.mockRestore();
    expect([backend.pool.blocks, backend.numDataIds()]).toEqual(before);
    tf.dispose([logits, labels]);
  });
});
