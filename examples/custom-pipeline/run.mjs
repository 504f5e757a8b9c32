// `node examples/custom-pipeline/run.mjs`: the method of interpolation.mjs on phantom atria, in a loop of our own.
import { pathToFileURL } from 'node:url';
import {
  applyRecipe,
  batchLoader,
  caseSource,
  fitRecipe,
  phantomDataset,
  selectSplits,
  trainingCases,
} from '@crln/data';
import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { interpolationConsistency } from './interpolation.mjs';

const patch = [24, 16, 8];
const augmentation = { weak: {}, strong: {} };

/** Trains, and returns the Dice of the test cases before and after. */
export async function run({ iterations = 150, log = console.log } = {}) {
  await useBackend('auto');
  const dataset = phantomDataset({ seed: 0, shape: patch, train: 10, val: 0, test: 3 });
  const selection = selectSplits(dataset, { labelled: 2 });
  const recipe = await fitRecipe(trainingCases(dataset, selection), { normalisation: 'minmax' });
  const source = caseSource(dataset, selection, recipe);
  const needs = { unlabelled: true, strong: false };
  const loader = batchLoader(source, { seed: 0, patch, batch: [2, 2], needs, augmentation });
  const method = interpolationConsistency({ network: { baseFilters: 4, levels: 2, dropout: 0.1 } });

  const volumes = (images) => tf.tensor(images, [images.length / (24 * 16 * 8), ...patch, 1]);
  const tests = await Promise.all(selection.test.map(async (id) => applyRecipe(recipe, await dataset.load(id))));
  const score = async () => {
    const dices = [];
    for (const { image, label } of tests) {
      const labels = tf.tidy(() => tf.argMax(method.predict(volumes(image)), -1));
      const found = await labels.data();
      labels.dispose();
      let [both, either] = [0, 0];
      for (let v = 0; v < label.length; v++) {
        both += found[v] * label[v];
        either += found[v] + label[v];
      }
      dices.push((2 * both) / either);
    }
    return dices.reduce((a, b) => a + b) / dices.length;
  };

  const losses = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    const { labelled, unlabelled } = await loader.batch(iteration);
    const batch = {
      image: volumes(labelled.images),
      label: tf.tensor(labelled.labels, [2, ...patch], 'int32'),
      unlabelled: volumes(unlabelled.images),
    };
    const terms = method.step(batch, iteration);
    tf.dispose(batch);
    // Reading a value waits for the backend: now and then is enough.
    if (iteration % 10 === 0) {
      losses.push((await terms.supervised.data())[0]);
      log(`iteration ${iteration}: supervised ${losses.at(-1).toFixed(3)}`);
    }
    tf.dispose(terms);
  }
  const dice = await score();
  log(`Dice of ${tests.length} test cases: ${dice.toFixed(3)}`);
  await loader.close();
  method.dispose();
  return { losses, dice };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run();
