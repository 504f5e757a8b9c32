import { applyNetwork, vNet } from '@crln/layers';
import { useBackend } from '@crln/ops';
import { slidingWindow } from '@crln/train';
import * as tf from '@tensorflow/tfjs-core';
import { noise } from '../lib/arrays.mjs';
import { describe } from '../lib/contestants.mjs';

/** Class probabilities of one volume by V-Net in windows of `patch`; `batch` windows a prediction. */
export async function inference({ base, levels, volume, patch, overlap, batch, threads, backend: name = 'wasm' }) {
  const backend = await useBackend(name, { threads });
  const network = vNet({ baseFilters: base, levels });
  const image = { data: noise(1, ...volume), shape: volume };
  const predict = (x) => tf.tidy(() => tf.softmax(applyNetwork(network, x).logits));
  const run = async () =>
    (await slidingWindow(image, predict, { roiSize: patch, overlap, batchSize: batch, threads }))[0];
  return { run, about: describe(backend) };
}
