import { describe, expect, it } from 'vitest';
import { CaseCache } from '../../src/loader/case-cache.js';
import { batchLoader, type LoaderOptions } from '../../src/loader/loader.js';
import { prefetch } from '../../src/loader/prefetch.js';
import { applyRecipe, type FitRecipeOptions, fitRecipe } from '../../src/recipe.js';
import { dataset, options, scans, source } from './cases.js';

const voxels = 12 * 12 * 8;

describe('batchLoader', () => {
  it('gives batches that depend on seed and iteration, whatever was asked before', async () => {
    const [a, b] = [batchLoader(await source(), options), batchLoader(await source(), options)];
    await a.batch(0);
    await a.batch(7);
    expect(await a.batch(4)).toEqual(await b.batch(4));
    expect(await a.batch(4)).not.toEqual(await a.batch(5));
    expect(await batchLoader(await source(), { ...options, seed: 4 }).batch(4)).not.toEqual(await a.batch(4));
  });

  it('gives what is asked for, and never the label of an unlabelled case', async () => {
    const get = async (unlabelled: boolean, strong: boolean) =>
      batchLoader(await source(), { ...options, needs: { unlabelled, strong } }).batch(0);
    const whole = await get(true, true);
    expect(whole.labelled.labels).toHaveLength(voxels);
    expect(whole.unlabelled?.images).toHaveLength(2 * voxels);
    expect(whole.unlabelled).not.toHaveProperty('labels');
    expect(whole.unlabelled?.strong?.index).toHaveLength(2 * voxels);
    const weak = await get(true, false);
    expect(weak.unlabelled).not.toHaveProperty('strong');
    expect(weak.unlabelled?.images).toEqual(whole.unlabelled?.images);
    expect(Object.keys(await get(false, false))).toEqual(['labelled']);
  });

  it('takes the label of an unlabelled case away before it is a training case', async () => {
    const { load } = await source();
    expect((await load('a')).label).toBeInstanceOf(Uint8Array);
    expect((await dataset.load('c')).label).toBeDefined();
    expect(await load('c')).not.toHaveProperty('label');
  });

  it('refuses a labelled case without a label, and a batch without unlabelled patches where they are needed', async () => {
    const { unlabelled, load } = await source();
    const bare = batchLoader({ labelled: ['c'], unlabelled, load }, options);
    await expect(bare.batch(0)).rejects.toMatchObject({ code: 'invalid-data', fields: { id: 'c' } });
    const given = await source();
    expect(() => batchLoader(given, { ...options, batch: [2, 0] })).toThrow('unlabelled patches');
    expect(() => batchLoader({ ...given, unlabelled: [] }, options)).toThrow('no unlabelled case');
  });
});

describe('batchLoader with cases of a recipe', () => {
  const open = async (given: FitRecipeOptions, augmentation: LoaderOptions['augmentation'], strong = true) =>
    batchLoader(await source(given), { ...options, augmentation, needs: { unlabelled: strong, strong } });
  const zscored = { weak: { minmax: false, brightness: false }, strong: {} };

  it('refuses the two defaults together, and names the case and both ways out', async () => {
    await expect((await open({}, { weak: {}, strong: {} })).batch(0)).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(
        /case [ab]: .*'percentile-zscore'.*augmentation\.weak\.minmax and \.strong\.normalise.*normalisation: 'minmax'.*minmax: false/,
      ),
      fields: { options: ['augmentation.weak.minmax', 'augmentation.strong.normalise'] },
    });
  });

  it('refuses a strong augmentation that scales alone, where there is one', async () => {
    await expect((await open({}, zscored)).batch(0)).rejects.toThrow('augmentation.strong.normalise would scale');
    expect(Object.keys(await (await open({}, zscored, false)).batch(0))).toEqual(['labelled']);
  });

  it.each(['minmax', 'zscore', 'none'] as const)(
    'makes patches of what a recipe with %s makes',
    async (normalisation) => {
      const minmax = normalisation === 'minmax';
      const loader = await open(
        { normalisation },
        {
          weak: { minmax, brightness: false, rotate: false, flip: 'never' },
          strong: { normalise: minmax ? 'minmax' : 'none' },
        },
      );
      const { labelled } = await loader.batch(0);
      const recipe = await fitRecipe(scans, { normalisation });
      const { image } = applyRecipe(recipe, scans.find(({ id }) => id === labelled.caseIds[0])!);
      const values = new Set(image);
      for (const value of labelled.images) expect(value === 0 || values.has(value)).toBe(true);
    },
  );
});

describe('prefetch', () => {
  const recorder = () => {
    const made: number[] = [];
    const make = async (iteration: number) => {
      made.push(iteration);
      return iteration;
    };
    return { made, make };
  };

  it('makes each batch once, the next ones ahead, and none after the end', async () => {
    const { made, make } = recorder();
    const next = prefetch(make, { ahead: 2, end: 5 });
    expect(await next(0)).toBe(0);
    expect(made).toEqual([0, 1, 2]);
    for (const i of [1, 2, 3, 4]) expect(await next(i)).toBe(i);
    expect(made).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives any iteration that is asked for, before, after, twice, past the end', async () => {
    const { make } = recorder();
    const next = prefetch(make, { ahead: 2, end: 5 });
    for (const i of [3, 0, 0, 9, 4]) expect(await next(i)).toBe(i);
  });

  it('tells a failure to whoever asks for that iteration, and tries again', async () => {
    let broken = true;
    const next = prefetch(
      async (iteration) => {
        if (broken && iteration === 1) throw new Error('broken');
        return iteration;
      },
      { ahead: 2, end: 9 },
    );
    expect(await next(0)).toBe(0);
    await expect(next(1)).rejects.toThrow('broken');
    broken = false;
    expect(await next(1)).toBe(1);
  });
});

describe('CaseCache', () => {
  const recorder = (limit: number) => {
    const seen = { loaded: '', dropped: '' };
    const cache = new CaseCache<string>(
      limit,
      ({ length }) => length,
      (id) => {
        seen.dropped += id;
      },
    );
    const read = async (id: string) => {
      seen.loaded += id;
      return id;
    };
    return {
      seen,
      use: <R>(ids: string, work: (items: string[]) => R | Promise<R>) => cache.use([...ids], read, work),
    };
  };

  it('loads a case once while there is room, and drops the least recently used', async () => {
    const { seen, use } = recorder(2);
    for (const id of 'abacab') expect(await use(id, ([item]) => item)).toBe(id);
    expect(seen).toEqual({ loaded: 'abcb', dropped: 'bc' });
  });

  it('drops no case that is in use, whatever the room, and drops it then', async () => {
    const { seen, use } = recorder(0);
    await use('aab', async (outer) => {
      expect(outer).toEqual(['a', 'a', 'b']);
      await use('bc', () => {});
      expect(seen).toEqual({ loaded: 'abc', dropped: 'c' });
    });
    expect(seen.dropped).toBe('cab');
    await expect(use('d', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(seen.dropped).toBe('cabd');
  });
});
