import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishedSettings, RECIPES, recipeSettings } from '../src/run/recipes.js';
import { methodSettings, resolveSettings } from '../src/run/settings.js';
import { mergeSettings, type Settings } from '../src/settings.js';
import { crln } from './terminal.js';
import { TINY, workspace } from './workspace.js';

const resolved = (name: string, labelled: number, over: Settings = {}, variant = 'reference') =>
  resolveSettings(
    mergeSettings(mergeSettings(publishedSettings(name, labelled, variant), { data: { source: 'x' } }), over),
  );

describe('publishedSettings', () => {
  it.each([
    // name, labels, R, ξ, w, network, patch, stride
    ['la', 8, 16, 0.6, 0.5, 'vNet', [112, 112, 80], [18, 18, 4]],
    ['la', 16, 16, 0.9, 0.5, 'vNet', [112, 112, 80], [18, 18, 4]],
    ['pancreas', 6, 4, 0.6, 1, 'vNet', [96, 96, 96], 16],
    ['pancreas', 12, 16, 0.3, 0.5, 'vNet', [96, 96, 96], 16],
    ['brats', 25, 4, 0.1, 0.5, 'uNet3d', [96, 96, 96], 16],
    ['brats', 50, 8, 1, 0.5, 'uNet3d', [96, 96, 96], 16],
  ] as const)(
    "%s with %i labels is the paper's table",
    (name, labelled, prototypes, xi, cpsWeight, type, patch, stride) => {
      const settings = resolved(name, labelled);
      expect(methodSettings(settings)).toMatchObject({
        variant: 'reference',
        prototypes,
        xi,
        cpsWeight,
        unsupervisedWeight: 0.5,
        warmUp: 800,
        emaDecay: 0.99,
      });
      expect(settings).toMatchObject({
        method: 'crln',
        iterations: 40_000,
        batch: [2, 2],
        patch,
        network: { type, baseFilters: 16, levels: 4 },
        optimizer: {
          learningRate: 2.5e-3,
          momentum: 0.9,
          nesterov: true,
          weightDecay: 5e-4,
          schedule: { type: 'poly', power: 0.9, period: 200, floor: 1e-6 },
        },
        data: { orientation: 'native', spacing: 'native', normalisation: 'minmax' },
        evaluation: { stride, mode: 'constant', largestComponent: false },
      });
    },
  );

  it('turns, flips and brightens all but the pancreas', () => {
    const strong = { resize: true, cutMix: true, brightness: true, noise: true, turn: true, normalise: 'minmax' };
    const turned = { rotate: true, flip: 'always', brightness: true, minmax: true };
    expect(resolved('la', 8).augmentation).toEqual({ weak: turned, strong });
    expect(resolved('brats', 25).augmentation).toEqual({ weak: turned, strong });
    const still = { rotate: false, flip: 'never', brightness: false, minmax: true };
    expect(resolved('pancreas', 6).augmentation).toEqual({ weak: still, strong });
  });

  it("draws ξ and flips by chance where the variant is the paper's text", () => {
    const over = { methods: { crln: { variant: 'paper' } } };
    const settings = resolved('la', 8, over, 'paper');
    expect(methodSettings(settings)).toMatchObject({ variant: 'paper', prototypes: 16, xi: 'uniform' });
    expect(settings.augmentation.weak.flip).toBe('half');
    expect(resolved('pancreas', 6, over, 'paper').augmentation.weak.flip).toBe('never');
  });

  it('lets the augmentation follow another normalisation', () => {
    const { weak, strong } = resolved('la', 8, { data: { normalisation: 'zscore' } }).augmentation;
    expect([weak.minmax, weak.brightness, strong.normalise]).toEqual([false, false, 'none']);
  });

  it('names the nearest recipe, and how a file is named', () => {
    expect(RECIPES).toEqual(['la', 'pancreas', 'brats']);
    expect(() => publishedSettings('pancras', 6)).toThrow(
      /no recipe 'pancras'; did you mean 'pancreas'\?.*\.\/pancras\.json/,
    );
    expect(() => publishedSettings('toString', 6)).toThrow('there is no recipe');
  });
});

describe('recipeSettings', () => {
  const phantom = (labelled: number, more: Settings = {}) =>
    mergeSettings({ data: { source: 'phantom', labelled, phantom: { train: 60, val: 0, test: 1 } } }, more);

  it('chooses by the number of labelled cases, given as such or as a fraction', async () => {
    const xi = async (name: string, labelled: number) => {
      const { settings, note } = await recipeSettings(name, phantom(labelled));
      return [(settings.methods as { crln: Settings }).crln.xi, note];
    };
    expect(await xi('la', 16)).toEqual([0.9, 'recipe la for 16 labelled cases']);
    expect(await xi('pancreas', 0.1)).toEqual([0.6, 'recipe pancreas for 6 labelled cases']);
    expect(await xi('brats', 50)).toEqual([1, 'recipe brats for 50 labelled cases']);
    expect(await xi('la', 4)).toEqual([
      0.6,
      'recipe la is published for 8 and 16 labelled cases; with 4, what it says for 8 is used',
    ]);
  });

  it('sees the variant that is given', async () => {
    const { settings } = await recipeSettings('la', phantom(8, { methods: { crln: { variant: 'paper' } } }));
    expect((settings.methods as { crln: Settings }).crln).not.toHaveProperty('xi');
  });
});

describe('crln train --recipe', () => {
  let space: Awaited<ReturnType<typeof workspace>>;
  beforeAll(async () => {
    space = await workspace();
  });
  afterAll(() => space.remove());
  const words = (out: string, ...more: string[]) => [
    ...['train', '--data', 'phantom', '--set', 'data.phantom={"train":3,"val":0,"test":1,"shape":[16,12,8]}'],
    ...['--labelled', '1', '--out', space.at(out), ...more],
  ];
  const config = async (out: string) => JSON.parse(await readFile(space.at(out, 'config.json'), 'utf8')).settings;

  it('lies under --config, flags and --set, in this order', async () => {
    await writeFile(space.at('file.json'), '{"optimizer":{"weightDecay":1e-3,"momentum":0.8},"logEvery":2,"seed":5}');
    const more = ['--config', space.at('file.json'), '--seed', '6', '--set', 'optimizer.momentum=0.7'];
    more.push('--set', 'evaluation.stride=4');
    const { code, err } = await crln(words('all', '--recipe', 'pancreas', ...TINY, ...more));
    expect([code, err]).toEqual([0, expect.stringContaining('with 1, what it says for 6 is used')]);
    expect(await config('all')).toMatchObject({
      iterations: 2,
      patch: [8, 8, 4],
      seed: 6,
      logEvery: 2,
      network: { type: 'vNet', baseFilters: 2, levels: 2 },
      optimizer: { learningRate: 0.01, weightDecay: 1e-3, momentum: 0.7, schedule: { period: 200 } },
      augmentation: { weak: { rotate: false } },
      data: { normalisation: 'minmax', labelled: 1 },
      methods: { crln: { prototypes: 4, xi: 0.6, cpsWeight: 1 } },
    });
    const again = await crln(words('all', '--recipe', 'pancreas', ...TINY, ...more, '--resume'));
    expect(again.code).toBe(0);
    const other = await crln(words('all', '--recipe', 'la', ...TINY, ...more, '--resume'));
    expect([other.code, other.err]).toEqual([1, expect.stringContaining('methods.crln.prototypes (run: 4, now: 16)')]);
  });

  it('may be a file of the same form as --config', async () => {
    await writeFile(space.at('own.json'), '{"method":"supervised","seed":5,"logEvery":3}');
    const { code } = await crln(words('own', '--recipe', space.at('own.json'), ...TINY, '--seed', '7'));
    expect(code).toBe(0);
    expect(await config('own')).toMatchObject({ method: 'supervised', seed: 7, logEvery: 3 });
    const none = await crln(words('none', '--recipe', './none.json'));
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('there is no such configuration file')]);
  });

  it('is refused by an unknown name with exit code 2', async () => {
    const { code, err } = await crln(words('none', '--recipe', 'bratz'));
    expect([code, err]).toEqual([2, expect.stringContaining("did you mean 'brats'?")]);
  });
});
