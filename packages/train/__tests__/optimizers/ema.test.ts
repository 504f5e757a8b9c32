import { vNet, weightVariables } from '@crln/layers';
import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { emaDecay, emaUpdate } from '../../src/optimizers/ema.js';

beforeAll(async () => {
  await useBackend('cpu');
});

describe('emaUpdate', () => {
  const small = (seed: number) => vNet({ baseFilters: 1, levels: 2, seed });
  const values = (model: ReturnType<typeof small>, which: 'trainable' | 'nonTrainable') =>
    Object.values(weightVariables(model, which)).flatMap((w) => [...w.dataSync()]);

  it('copies the student at first, then follows it slowly', () => {
    expect([0, 1, 9, 1000].map((t) => emaDecay(t, 0.99))).toEqual([0, 0.5, 0.9, 0.99]);
    const [teacher, student] = [small(1), small(2)];
    const before = values(teacher, 'trainable');
    const target = values(student, 'trainable');
    emaUpdate(teacher, student, 0.75);
    values(teacher, 'trainable').forEach((v, i) => {
      expect(v).toBeCloseTo(0.75 * before[i]! + 0.25 * target[i]!, 5);
    });
    emaUpdate(teacher, student, 0);
    expect(values(teacher, 'trainable')).toEqual(target);
  });

  it('leaves the teacher its own buffers unless told to copy them', () => {
    const [teacher, student] = [small(1), small(1)];
    for (const buffer of Object.values(weightVariables(student, 'nonTrainable')))
      buffer.assign(tf.fill(buffer.shape, 7));
    emaUpdate(teacher, student, 0);
    expect(values(teacher, 'nonTrainable')).not.toContain(7);
    emaUpdate(teacher, student, 0.5, { buffers: 'copy' });
    expect(new Set(values(teacher, 'nonTrainable'))).toEqual(new Set([7]));
  });

  it('refuses another network', () => {
    expect(() => emaUpdate(small(1), vNet({ baseFilters: 1, levels: 3 }), 0.5)).toThrow('cannot follow');
  });
});
