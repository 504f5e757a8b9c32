// A method of one's own for the trainer, in one file: entropy minimisation (Grandvalet and Bengio, NeurIPS 2004; Vu et al., ADVENT, CVPR 2019).
// `node examples/custom-method/entropy.mjs` trains it on phantom atria. All else (batches, schedule, checkpoints, resuming, evaluation) is the trainer's.
import { pathToFileURL } from 'node:url';
import { caseSource, fitRecipe, phantomDataset, selectSplits, trainingCases } from '@crln/data';
import { applyNetwork } from '@crln/layers';
import { diceCeLoss, sigmoidRampUp, voxelEntropy } from '@crln/losses';
import { useBackend } from '@crln/ops';
import { createNetwork, createSgd, memoryStore, train } from '@crln/train';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';

/** L = 0.5·(cross-entropy + Dice) on the labelled patches + w·mean entropy on the unlabelled ones, as a fraction of ln C. */
export const entropyMinimisation = {
  name: 'entropy-minimisation',
  options: z.strictObject({
    weight: z.number().nonnegative().default(0.1),
    /** Iterations after which the weight is whole. */
    rampUp: z.number().nonnegative().default(50),
  }),
  needs: () => ({ unlabelled: true, strong: false }),

  build(context) {
    const network = createNetwork(context);
    return { models: { network }, optimizers: { network: createSgd(context, { network }) } };
  },

  step({ labelled, unlabelled }, { options, parts, classes, iteration, stream }) {
    const both = tf.concat([labelled.image, unlabelled.image]);
    const weight = options.weight * sigmoidRampUp(iteration, options.rampUp);
    return parts.optimizers.network.minimise(() => {
      const call = { training: true, seed: stream('network').seed() };
      const { logits } = applyNetwork(parts.models.network, both, call);
      const [own, other] = tf.split(logits, [labelled.image.shape[0], unlabelled.image.shape[0]]);
      const supervised = diceCeLoss(own, labelled.label);
      const entropy = tf.div(tf.mean(voxelEntropy(tf.softmax(other))), Math.log(classes));
      return { loss: tf.add(supervised, tf.mul(entropy, weight)), supervised, entropy };
    });
  },

  predict: (patches, { parts }) => tf.softmax(applyNetwork(parts.models.network, patches).logits),
};

/** Trains it, and returns the losses that were logged. */
export async function run({ iterations = 60, store = memoryStore(), resume = false, log = console.log } = {}) {
  await useBackend('auto');
  const dataset = phantomDataset({ seed: 0, shape: [24, 16, 8], train: 8, val: 0, test: 1 });
  const selection = selectSplits(dataset, { labelled: 2 });
  const recipe = await fitRecipe(trainingCases(dataset, selection), { normalisation: 'minmax' });
  const data = { ...caseSource(dataset, selection, recipe), classes: recipe.labels.length };
  const network = { baseFilters: 4, levels: 2 };
  const settings = { iterations, patch: [24, 16, 8], network, optimizer: { learningRate: 0.05 }, logEvery: 10 };
  const losses = [];
  for await (const event of train({ method: entropyMinimisation, data, settings, store, resume })) {
    if (event.type !== 'step') continue;
    losses.push(event.losses);
    log(event.iteration, event.losses);
  }
  return losses;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run();
