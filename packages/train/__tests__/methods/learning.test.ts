import { caseSource, fitRecipe, phantomDataset, selectSplits, trainingCases } from '@crln/data';
import { useBackend } from '@crln/ops';
import { beforeAll, expect, it } from 'vitest';
import { METHODS } from '../../src/methods/index.js';
import { parseSettings } from '../../src/parseSettings.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import { train } from '../../src/trainer.js';

beforeAll(async () => {
  await useBackend('wasm');
});

const options: Record<string, object> = {
  crln: { prototypes: 2, warmUp: 10, anchors: 8, negatives: 16 },
  'ua-mt': { passes: 2 },
  bcp: { preTraining: 0 },
};

it.each(Object.keys(METHODS))('%s learns on the phantom: its loss on the labels falls', async (name) => {
  const dataset = phantomDataset({ seed: 0, shape: [16, 12, 8], train: 4, val: 0, test: 1 });
  const selection = selectSplits(dataset, { labelled: 2 });
  const recipe = await fitRecipe(trainingCases(dataset, selection), { normalisation: 'minmax' });
  const settings = {
    ...{ iterations: 40, patch: [16, 8, 8] as [number, number, number], logEvery: 10 },
    network: { baseFilters: 4, levels: 2 },
    optimizer: { learningRate: 0.1 },
  };
  const found: number[] = [];
  const data = { ...caseSource(dataset, selection, recipe), classes: recipe.labels.length };
  const given = { method: METHODS[name]!, options: options[name], data, settings, store: memoryStore() };
  for await (const event of train(given)) {
    if (event.type === 'step') found.push(event.losses.supervised ?? event.losses.loss!);
  }
  expect(found).toHaveLength(4);
  expect(found[3]! / found[0]!).toBeLessThan(0.9);
});

it.each(Object.keys(METHODS))('%s names the nearest of its options where one is misspelt', (name) => {
  const schema = METHODS[name]!.options;
  const [key] = Object.keys(parseSettings(schema, {}, name) as object) as [string];
  expect(() => parseSettings(schema, { [`${key}x`]: 1 }, `method ${name}`)).toThrow(
    `method ${name}: there is no option '${key}x'; did you mean '${key}'?`,
  );
});
