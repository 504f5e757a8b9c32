import { useBackend } from '@crln/ops';
import { findMethod, parseSettings, Session, trainSettings } from '@crln/train';
import * as tf from '@tensorflow/tfjs-core';
import { noise, slabs } from '../lib/arrays.mjs';
import { describe } from '../lib/contestants.mjs';

const ITERATIONS = 100_000;

/** One step of the method once its warm-up is over, `batch` labelled and as many unlabelled patches; augmentation excluded. */
export async function crlnStep({ base, levels, patch, batch, threads, method: name = 'crln' }) {
  const backend = await useBackend('wasm', { threads });
  const settings = parseSettings(
    trainSettings,
    { patch, batch: [batch, batch], network: { baseFilters: base, levels }, optimizer: { learningRate: 0.01 } },
    'settings',
  );
  const method = findMethod(name);
  const options = parseSettings(method.options, {}, name);
  const session = new Session(method, { options, classes: 2, inChannels: 1, ...settings });
  const voxels = batch * patch.reduce((a, b) => a * b);
  const caseIds = Array.from({ length: batch }, (_, i) => `${i}`);
  const patches = (seed) => ({ images: noise(seed, voxels), shape: patch, caseIds });
  const raw = {
    labelled: { ...patches(1), labels: slabs(batch, patch) },
    unlabelled: {
      ...patches(2),
      strong: { images: noise(3, voxels), index: Int32Array.from({ length: voxels }, (_, i) => i) },
    },
  };
  // Beyond the warm-up of 800 iterations: with the teacher's map, and prototypes in the positives.
  let iteration = 1000;
  const step = () => {
    const losses = session.step(raw, iteration++, ITERATIONS);
    const value = losses.loss.dataSync()[0];
    tf.dispose(losses);
    return value;
  };
  return { run: step, about: describe(backend) };
}
