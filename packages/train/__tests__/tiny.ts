import { stream } from '@crln/core';
import type { PreparedCase } from '@crln/data';
import type { TrainingData } from '../src/data.js';
import type { TrainSettingsInput } from '../src/settings.js';

/** A bright ball in noise, somewhere in a small volume. */
export function ball(id: string, shape: [number, number, number] = [12, 12, 8], classes = 2): PreparedCase {
  const rng = stream(7, id);
  const [d, h, w] = shape;
  const centre = shape.map((n) => n / 2 + rng.range(-1, 1));
  const image = new Float32Array(d * h * w);
  const label = new Uint8Array(d * h * w);
  for (let i = 0; i < image.length; i++) {
    const at = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w];
    const radius = Math.hypot(...at.map((x, axis) => x - (centre[axis] as number)));
    label[i] = radius < 2.2 ? classes - 1 : radius < 3.4 ? 1 : 0;
    image[i] = 0.35 * rng.uniform() + (label[i] ? 0.6 : 0);
  }
  return { id, image, label, shape };
}

/** Two labelled and two unlabelled balls. */
export function tinyData(classes = 2): TrainingData {
  const cases = new Map(['a', 'b', 'c', 'd'].map((id) => [id, ball(id, [12, 12, 8], classes)]));
  return {
    labelled: ['a', 'b'],
    unlabelled: ['c', 'd'],
    classes,
    load: (id) => cases.get(id) as PreparedCase,
  };
}

/** Small enough for a step of some milliseconds. */
export const tinySettings = {
  seed: 1,
  iterations: 6,
  patch: [8, 8, 4],
  batch: [2, 2],
  network: { baseFilters: 2, levels: 2 },
  optimizer: { learningRate: 0.01 },
  logEvery: 2,
  saveEvery: 4,
} satisfies TrainSettingsInput;
