import { stream } from '@crln/core';
import { batchLoader, type PatchBatch, type RawBatch } from '@crln/data';
import { applyNetwork, weightVariables } from '@crln/layers';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { findMethod } from '../../src/methods/index.js';
import { parseSettings } from '../../src/parseSettings.js';
import { type TrainSettings, trainSettings } from '../../src/settings.js';
import { Session } from '../../src/trainer/session.js';
import { tinyData, tinySettings } from '../tiny.js';

interface Sizes {
  classes?: number;
  patch?: number[];
  batch?: number[];
  network?: object;
}

/** A method on tiny volumes, without a trainer: its session, batches, and what the networks of a fresh twin say of an image. */
export function build(
  name: string,
  options: object,
  { classes = 2, patch = tinySettings.patch, batch = tinySettings.batch, network = {} }: Sizes = {},
) {
  const tiny = { ...tinySettings, patch, batch, network: { ...tinySettings.network, dropout: 0, ...network } };
  const settings = parseSettings(trainSettings, tiny, 'settings') as TrainSettings;
  const method = findMethod(name);
  const given = parseSettings(method.options, options, name);
  const loader = batchLoader(tinyData(classes), { ...settings, needs: method.needs(given) });
  const session = new Session(method, { ...settings, options: given, classes, inChannels: 1 });
  return {
    session,
    settings,
    batch: (iteration: number) => loader.batch(iteration),
    /** A step's losses. */
    async step(iteration: number, iterations = settings.iterations) {
      const raw = await loader.batch(iteration);
      const prepared = await session.prepare(raw, iteration, iterations);
      return read(session.step(raw, iteration, iterations, prepared));
    },
    /** The random stream of one use in an iteration. */
    stream: (purpose: string, iteration: number) => stream(settings.seed, `${name}/${purpose}`, iteration),
    /** What a model says of an image, in training mode by default. */
    apply: (model: string, x: tf.Tensor, training = true) =>
      applyNetwork(session.parts.models[model] as LayersModel, x, { training, seed: 0 }),
    /** Its logits as numbers. */
    logits(model: string, x: tf.Tensor) {
      return numbers(this.apply(model, x).logits);
    },
    weights: (model: string) => Object.values(weightVariables(session.parts.models[model]!)).flatMap((w) => numbers(w)),
  };
}

export const numbers = (x: tf.Tensor): number[] => [...x.dataSync()];

function read(terms: Record<string, tf.Scalar>): Record<string, number> {
  const found = Object.entries(terms).map(([name, value]) => [name, value.dataSync()[0] as number]);
  tf.dispose(terms);
  return Object.fromEntries(found);
}

/** Patches of a batch as a tensor [N, D, H, W, 1]. */
export const images = ({ images, shape: [d, h, w] }: PatchBatch): tf.Tensor5D =>
  tf.tensor5d(images, [images.length / (d * h * w), d, h, w, 1]);

/** All patches of a batch, labelled first. */
export const allImages = ({ labelled, unlabelled }: RawBatch): tf.Tensor5D =>
  tf.concat([images(labelled), images(unlabelled!)]);
