import { variableGradients } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { describeOwnBackends, readAll, scoped } from '../../../ops/__tests__/support/backends.js';
import {
  applyNetwork,
  BatchNorm3d,
  Conv3d,
  loadModel,
  memoryHandler,
  Recompute3d,
  saveModel,
  uNet3d,
  vNet,
  weightVariables,
} from '../../src/index.js';

const options = { baseFilters: 3, levels: 2, representation: 5, dropout: 0.4 };
const image = (seed: number) => tf.randomUniform([2, 8, 12, 4, 1], 0, 1, 'float32', seed);

/** The values of tensors by name. */
async function readNamed(tensors: Record<string, tf.Tensor | undefined>) {
  const read = Object.entries(tensors).map(async ([name, x]) => [name, await x?.data()] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** A training step's forward passes and gradients: two passes of one network, as semi-supervised methods have them. */
function step(net: LayersModel, seed?: number) {
  const call = { training: true, ...(seed !== undefined && { seed }) };
  const variables = weightVariables(net);
  return scoped(async () => {
    const outputs: tf.Tensor[] = [];
    const { gradients } = variableGradients(() => {
      const [a, b] = [applyNetwork(net, image(1), call), applyNetwork(net, image(2), call)];
      for (const { logits, representation, features } of [a, b]) {
        outputs.push(...[logits, representation!, ...Object.values(features)].map((y) => tf.keep(tf.clone(y))));
      }
      const energy = (y: tf.Tensor) => tf.mean(tf.square(y));
      return tf.addN([a.logits, a.representation!, a.interaction[0], b.representation!].map(energy)) as tf.Scalar;
    }, Object.values(variables));
    const values = {
      outputs: await readAll(outputs),
      gradients: await readNamed(Object.fromEntries(Object.keys(variables).map((name, i) => [name, gradients[i]]))),
      statistics: await readNamed(weightVariables(net, 'nonTrainable')),
    };
    tf.dispose(outputs);
    return values;
  });
}

describeOwnBackends('recomputing', () => {
  describe.each([
    ['vNet', vNet, {}],
    ['uNet3d', uNet3d, {}],
    ['uNet3d with trilinear upsampling', uNet3d, { upsample: 'trilinear' as const }],
  ])('recompute: %s', (_, build, more) => {
    it.each([7, undefined])(
      'gives the same outputs, gradients, masks and running statistics bit for bit, seed %s',
      async (seed) => {
        const [plain, again] = [false, true].map((recompute) => build({ ...options, ...more, recompute }));
        expect(Object.keys(weightVariables(again!)).sort()).toEqual(Object.keys(weightVariables(plain!)).sort());
        const before = tf.memory().numTensors;
        // Twice: the second step sees what the first left behind.
        for (let i = 0; i < 2; i++) expect(await step(again!, seed)).toEqual(await step(plain!, seed));
        expect(tf.memory().numTensors).toBe(before);
        const logits = (net: LayersModel) =>
          scoped(() => applyNetwork(net, image(3), { representation: false }).logits.data());
        expect(await logits(again!)).toEqual(await logits(plain!));
        expect(tf.memory().numTensors).toBe(before);
        for (const net of [plain!, again!]) net.dispose();
      },
    );

    it('comes back from a file', async () => {
      const net = build({ ...options, ...more, recompute: true });
      const handler = memoryHandler();
      await step(net, 1);
      await saveModel(net, handler);
      const loaded = await loadModel(handler);
      expect(await step(loaded, 2)).toEqual(await step(net, 2));
    });

    it('keeps less between forward and backward pass', () => {
      const held = (recompute: boolean) => {
        const net = build({ ...options, ...more, recompute });
        let bytes = 0;
        tf.tidy(() => {
          const x = image(1);
          const before = tf.memory().numBytes;
          variableGradients(
            () => {
              const { logits } = applyNetwork(net, x, { training: true, seed: 1 });
              bytes = tf.memory().numBytes - before;
              return tf.mean(logits) as tf.Scalar;
            },
            Object.values(weightVariables(net)),
          );
        });
        return bytes;
      };
      expect(held(true) / held(false)).toBeLessThan(0.6);
    });
  });

  describe('Recompute3d', () => {
    const block = () => {
      const x = input({ shape: [null, null, null, 2] });
      const conv = new Conv3d({ filters: 3, kernelSize: 3, name: 'conv' }).apply(x) as SymbolicTensor;
      const norm = new BatchNorm3d({ name: 'norm' }).apply(conv) as SymbolicTensor;
      return makeModel({ inputs: x, outputs: [conv, norm], name: 'block' });
    };

    it('makes a layer of any model, with its weights, which can be frozen and trained again', () => {
      const layer = new Recompute3d({ model: block(), name: 'block' });
      const [conv, norm] = layer.apply(input({ shape: [4, 4, 4, 2] })) as SymbolicTensor[];
      expect([conv!.shape, norm!.shape]).toEqual([
        [null, 4, 4, 4, 3],
        [null, 4, 4, 4, 3],
      ]);
      const trained = ['conv/kernel', 'conv/bias', 'norm/gamma', 'norm/beta'];
      const running = ['norm/runningMean', 'norm/runningVariance'];
      const names = (which: 'trainable' | 'nonTrainable') => Object.keys(weightVariables(layer, which));
      expect([names('trainable'), names('nonTrainable')]).toEqual([trained, running]);
      layer.trainable = false;
      expect([names('trainable'), names('nonTrainable')]).toEqual([[], [...trained, ...running]]);
      layer.trainable = true;
      expect([names('trainable'), names('nonTrainable')]).toEqual([trained, running]);
    });

    it('trains by model.fit', async () => {
      const x = input({ shape: [4, 4, 4, 2] });
      const [, y] = new Recompute3d({ model: block(), name: 'block' }).apply(x) as SymbolicTensor[];
      const mean = layers.globalAveragePooling2d({});
      const flat = layers.reshape({ targetShape: [4, 16, 3] }).apply(y!) as SymbolicTensor;
      const net = makeModel({ inputs: x, outputs: mean.apply(flat) as SymbolicTensor });
      net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
      const inputs = tf.randomNormal([2, 4, 4, 4, 2], 0, 1, 'float32', 1);
      const { history } = await net.fit(inputs, tf.ones([2, 3]), { epochs: 5, verbose: 0 });
      expect((history.loss as number[]).at(-1)).toBeLessThan((history.loss as number[])[0]!);
    });
  });
});
