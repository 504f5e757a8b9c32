import { describe, expect, it } from 'vitest';
import { batchSource } from '../src/batches.js';
import { cachedCases } from '../src/data.js';
import { augmentationSettings } from '../src/settings.js';
import { ball, tinyData } from './tiny.js';

const options = {
  seed: 3,
  patch: [8, 8, 4] as [number, number, number],
  batch: [1, 2] as [number, number],
  needs: { unlabelled: true, strong: true },
  augmentation: augmentationSettings.parse({}),
};

describe('batchSource', () => {
  it('is a function of seed and iteration, whatever was asked before', async () => {
    const [a, b] = [batchSource(tinyData(), options), batchSource(tinyData(), options)];
    await a(0);
    await a(7);
    expect(await a(4)).toEqual(await b(4));
    expect(await a(4)).not.toEqual(await a(5));
    expect(await batchSource(tinyData(), { ...options, seed: 4 })(4)).not.toEqual(await a(4));
  });

  it('gives what the method asks for, and never the label of an unlabelled case', async () => {
    const whole = await batchSource(tinyData(), options)(0);
    expect(whole.labelled.labels).toHaveLength(8 * 8 * 4);
    expect(whole.unlabelled?.images).toHaveLength(2 * 8 * 8 * 4);
    expect(whole.unlabelled).not.toHaveProperty('labels');
    expect(whole.unlabelled?.strong?.index).toHaveLength(2 * 8 * 8 * 4);
    const weak = await batchSource(tinyData(), { ...options, needs: { unlabelled: true, strong: false } })(0);
    expect(weak.unlabelled).not.toHaveProperty('strong');
    expect(weak.unlabelled?.images).toEqual(whole.unlabelled?.images);
    const none = await batchSource(tinyData(), { ...options, needs: { unlabelled: false, strong: false } })(0);
    expect(Object.keys(none)).toEqual(['labelled']);
  });
});

describe('cachedCases', () => {
  it('loads a case once while there is room, and forgets the least recently used', async () => {
    const loaded: string[] = [];
    const one = ball('x');
    const size = one.image.byteLength + (one.label?.byteLength ?? 0);
    const get = cachedCases((id) => {
      loaded.push(id);
      return { ...one, id };
    }, 2 * size);
    for (const id of ['a', 'b', 'a', 'c', 'a', 'b']) expect((await get(id)).id).toBe(id);
    expect(loaded).toEqual(['a', 'b', 'c', 'b']);
  });
});
