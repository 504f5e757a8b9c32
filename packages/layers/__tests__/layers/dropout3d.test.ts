import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeOwnBackends } from '../../../ops/__tests__/support/backends.js';
import { ChannelDropout3d, Dropout3d, type Layer3d } from '../../src/index.js';

const ones = () => tf.ones([2, 2, 2, 2, 8]);
const run = (layer: Layer3d, kwargs: object) => (layer.apply(ones(), kwargs) as tf.Tensor).data();

describeOwnBackends('dropout layers', () => {
  it.each([Dropout3d, ChannelDropout3d])(
    '%o drops by the seed of the call and the name of the layer',
    async (Dropout) => {
      const layer = () => new Dropout({ rate: 0.5, name: 'drop' });
      const first = await run(layer(), { training: true, seed: 1 });
      expect(new Set(first)).toEqual(new Set([0, 2]));
      expect(await run(layer(), { training: true, seed: 1 })).toEqual(first);
      expect(await run(layer(), { training: true, seed: 2 })).not.toEqual(first);
      expect(await run(new Dropout({ rate: 0.5, name: 'other' }), { training: true, seed: 1 })).not.toEqual(first);
    },
  );

  it('does nothing outside training', async () => {
    expect(new Set(await run(new Dropout3d({ rate: 0.9 }), { seed: 1 }))).toEqual(new Set([1]));
  });

  it('draws another mask every call where the call has no seed', async () => {
    const layer = new Dropout3d({ name: 'drop' });
    expect(await run(layer, { training: true })).not.toEqual(await run(layer, { training: true }));
  });

  it('ChannelDropout3d drops whole channels of a sample', async () => {
    const y = tf.tensor(await run(new ChannelDropout3d({ name: 'drop' }), { training: true, seed: 1 }), [2, 8, 8]);
    expect(await tf.max(y, 1).data()).toEqual(await tf.min(y, 1).data());
  });

  it('refuses a rate outside [0, 1)', () => {
    expect(() => new Dropout3d({ rate: 1, name: 'drop' })).toThrow('drop: rate must be in [0, 1), got 1');
  });
});
