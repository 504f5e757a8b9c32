import { applyRecipe, type FitRecipeOptions, fitRecipe, volume } from '@crln/data';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
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

describe('batchSource with cases of a recipe', () => {
  const scan = (id: string) => {
    const { image, label, shape } = ball(id);
    return { id, image: volume(image, shape), label: volume(label as Uint8Array, shape) };
  };
  const scans = ['a', 'b', 'c', 'd'].map(scan);
  const source = async (given: FitRecipeOptions, augmentation: z.input<typeof augmentationSettings>, strong = true) => {
    const recipe = await fitRecipe(scans, given);
    const load = (id: string) => applyRecipe(recipe, scans.find((one) => one.id === id) as (typeof scans)[number]);
    const all = { ...options, augmentation: augmentationSettings.parse(augmentation) };
    return batchSource({ ...tinyData(), load }, { ...all, needs: { unlabelled: strong, strong } });
  };
  const zscored = { weak: { minmax: false, brightness: false } };

  it('refuses the two defaults together, and names the case and both ways out', async () => {
    await expect((await source({}, {}))(0)).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(
        /case [abcd]: .*'percentile-zscore'.*augmentation\.weak\.minmax and \.strong\.normalise.*normalisation: 'minmax'.*minmax: false/,
      ),
      fields: { options: ['augmentation.weak.minmax', 'augmentation.strong.normalise'] },
    });
  });

  it('refuses a strong augmentation that scales alone, where there is one', async () => {
    await expect((await source({}, zscored))(0)).rejects.toThrow('augmentation.strong.normalise would scale');
    expect(Object.keys(await (await source({}, zscored, false))(0))).toEqual(['labelled']);
  });

  it.each(['minmax', 'zscore', 'none'] as const)('trains on what a recipe with %s makes', async (normalisation) => {
    const minmax = normalisation === 'minmax';
    const next = await source(
      { normalisation },
      {
        weak: { minmax, brightness: false, rotate: false, flip: 'never' },
        strong: { normalise: minmax ? 'minmax' : 'none' },
      },
    );
    const { labelled } = await next(0);
    const recipe = await fitRecipe(scans, { normalisation });
    const { image } = applyRecipe(recipe, scan(labelled.caseIds[0] as string));
    const values = new Set(image);
    for (const value of labelled.images) expect(value === 0 || values.has(value)).toBe(true);
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
