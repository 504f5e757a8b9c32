import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { supervised } from '../../src/methods/supervised.js';
import { parseSettings } from '../../src/parseSettings.js';
import { type TrainSettings, trainSettings } from '../../src/settings.js';
import { Session } from '../../src/trainer/session.js';
import { tinySettings } from '../tiny.js';

it('says that nothing is trained where steps are left out again and again with the smallest loss scale', async () => {
  const optimizer = { ...tinySettings.optimizer, lossScale: 4 };
  const all = parseSettings(trainSettings, { ...tinySettings, optimizer }, 'settings') as TrainSettings;
  const options = parseSettings(supervised.options, {}, 'supervised');
  const session = new Session(supervised, { ...all, options, classes: 2, inChannels: 1 });
  const { student } = session.parts.optimizers;
  const after = async (state: number[]) => {
    tf.tidy(() => student!.restore({ lossScale: tf.tensor1d(state) }));
    return session.snapshot({});
  };
  expect((await after([1, -9, 0])).optimizers.student!.lossScale!.data).toEqual(Float32Array.of(1, -9, 0));
  await expect(after([2, -20, 0])).resolves.toBeDefined();
  await expect(after([1, -10, 0])).rejects.toThrow('optimizer student: gradients are infinite in half precision');
  session.dispose();
});
