import { memoryStore } from '@crln/train';
import { expect, it } from 'vitest';
import { run } from '../entropy.mjs';

const quiet = () => {};

it('trains, and its losses fall', async () => {
  const losses = await run({ log: quiet });
  expect(losses).toHaveLength(6);
  expect(losses.at(-1).supervised / losses[0].supervised).toBeLessThan(0.9);
  for (const { entropy } of losses) expect(entropy).toBeLessThanOrEqual(1);
});

it('is resumed bit for bit, like any other', async () => {
  const [whole, store] = [memoryStore(), memoryStore()];
  const losses = await run({ iterations: 20, store: whole, log: quiet });
  expect(await run({ iterations: 20, store, resume: true, log: quiet })).toEqual(losses);
  expect(store.files).toEqual(whole.files);
});
