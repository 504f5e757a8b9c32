import { useBackend } from '@crln/ops';
import { afterAll, describe, expect, it } from 'vitest';
import { missing } from '../../../backend-webgpu/__tests__/adapter.js';
import { findMethod } from '../../src/methods/index.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import { train } from '../../src/trainer.js';
import { tinyData, tinySettings } from '../tiny.js';

/** Of eight channels at the first level: fewer are stored in float32. */
const settings = {
  ...tinySettings,
  network: { baseFilters: 8, levels: 2 },
  iterations: 20,
  logEvery: 1,
  saveEvery: 20,
};
const small = { prototypes: 2, warmUp: 10, anchors: 8, negatives: 16 };

/** The losses of every iteration. */
async function curve(precision: 'f16' | 'f32', name: string, options: object) {
  await useBackend('webgpu', { precision });
  const losses: number[] = [];
  for await (const event of train({
    method: findMethod(name),
    data: tinyData(),
    store: memoryStore(),
    settings,
    options,
  })) {
    if (event.type === 'step') losses.push(event.losses.loss!);
  }
  return losses;
}

const title = missing ? `half precision (skipped: ${missing})` : 'half precision';
(missing ? describe.skip : describe)(title, () => {
  afterAll(() => useBackend('webgpu', { precision: 'f32' }));

  it.each([
    ['crln', small],
    ['supervised', {}],
  ])('trains %s as float32 does: the first loss within 0.5 percent, 20 iterations within 3', async (name, options) => {
    const losses = await curve('f16', name, options);
    const expected = await curve('f32', name, options);
    const gaps = losses.map((loss, i) => Math.abs(loss - expected[i]!) / expected[i]!);
    expect(gaps).toHaveLength(20);
    expect(gaps[0]).toBeLessThan(0.005);
    expect(Math.max(...gaps)).toBeLessThan(0.03);
    expect(losses).not.toEqual(expected);
  });
});
