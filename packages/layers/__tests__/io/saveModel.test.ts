import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOwnBackends, readAll } from '../../../ops/__tests__/support/backends.js';
import {
  applyNetwork,
  Conv3d,
  type DynamicInteraction,
  dynamicInteraction,
  loadModel,
  memoryHandler,
  type Rectifier,
  rectifier,
  saveModel,
  uNet3d,
  vNet,
} from '../../src/index.js';
import { fileHandler } from '../../src/node.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'crln-layers-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options = { baseFilters: 2, levels: 2, representation: 3 };
const image = () => tf.randomUniform([2, 8, 8, 4, 1], 0, 1, 'float32', 1);
const features = () => [
  tf.randomNormal([1, 2, 2, 2, 8], 0, 1, 'float32', 1),
  tf.randomNormal([1, 4, 4, 4, 4], 0, 1, 'float32', 2),
];

describeOwnBackends('a model', () => {
  describe.each([
    ['memory', () => memoryHandler()],
    ['a folder', () => fileHandler(join(folder, 'model'))],
  ])('through %s', (_, makeHandler) => {
    it.each([
      ['vNet', vNet],
      ['uNet3d', uNet3d],
    ])('%s comes back bit-equal, running statistics included', async (_, build) => {
      const net = build(options);
      const handler = makeHandler();
      applyNetwork(net, image(), { training: true, seed: 1 });
      await saveModel(net, handler);
      const loaded = await loadModel(handler);
      const outputs = (m: LayersModel) => {
        const out = applyNetwork(m, image());
        return readAll([out.logits, out.representation!, ...out.interaction]);
      };
      expect(await outputs(loaded)).toEqual(await outputs(net));
      expect(loaded.weights.map((w) => w.originalName)).toEqual(net.weights.map((w) => w.originalName));
      const trained = (m: LayersModel) => applyNetwork(m, image(), { training: true, seed: 2 }).logits.data();
      expect(await trained(loaded)).toEqual(await trained(net));
    });

    it('a dynamic interaction comes back bit-equal, with its bank and switches', async () => {
      const dim = dynamicInteraction({ prototypes: 2, widths: [8, 4], variant: 'paper', legacyPrototypeOrder: true });
      const handler = makeHandler();
      dim.apply(features(), { training: true, seed: 1 });
      await saveModel(dim, handler);
      const loaded = await loadModel<DynamicInteraction>(handler);
      expect(loaded.getConfig()).toEqual(dim.getConfig());
      expect(await loaded.bank.read().data()).toEqual(await dim.bank.read().data());
      const [a, b] = await readAll([dim, loaded].map((d) => d.apply(features()) as tf.Tensor));
      expect(b).toEqual(a);
    });

    it('a rectifier comes back with its μ', async () => {
      const layer = rectifier({ clip: true, init: 0.3 });
      const handler = makeHandler();
      await saveModel(layer, handler);
      const loaded = await loadModel<Rectifier>(handler);
      expect(await loaded.mu.read().data()).toEqual(await layer.mu.read().data());
      expect(loaded.getConfig()).toEqual(layer.getConfig());
    });

    it('layers inside a model of the user’s own come back too', async () => {
      const shapes = [8, 4].map((c) => input({ shape: [null, null, null, c] }));
      const dim = dynamicInteraction({ prototypes: 2, widths: [8, 4], initStd: 0.5 });
      const conv = new Conv3d({
        filters: 2,
        kernelSize: 3,
        padding: [
          [1, 1],
          [0, 2],
          [1, 1],
        ],
        name: 'after',
      });
      const model = makeModel({ inputs: shapes, outputs: conv.apply(dim.apply(shapes)) as SymbolicTensor });
      const handler = makeHandler();
      await saveModel(model, handler);
      const loaded = (await loadModel(handler)) as LayersModel;
      const [a, b] = await readAll([model, loaded].map((m) => m.apply(features()) as tf.Tensor));
      expect(b).toEqual(a);
    });
  });
});

describe('a folder', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  const path = () => join(folder, 'damaged');
  const fresh = () => saveModel(rectifier(), fileHandler(path()));
  const failure = (target = path()) => loadModel(fileHandler(target)).catch((error) => error);

  it('holds two files and nothing temporary', async () => {
    await fresh();
    expect(readdirSync(path()).sort()).toEqual(['model.json', 'weights.bin']);
  });

  it('that does not exist is named', async () => {
    const error = await failure(join(folder, 'nowhere'));
    expect(error).toMatchObject({ name: 'CrlnError', code: 'file-not-found' });
    expect(error.message).toContain(join(folder, 'nowhere', 'model.json'));
  });

  it.each([
    ['weights of another model', 'weights.bin', () => Buffer.alloc(4)],
    ['cut weights', 'weights.bin', () => Buffer.alloc(1)],
    ['cut JSON', 'model.json', (old: Buffer) => old.subarray(0, 40)],
    ['foreign JSON', 'model.json', () => Buffer.from('{"a":1}')],
    [
      'a later layout',
      'model.json',
      (old: Buffer) => Buffer.from(old.toString().replace('"version":1', '"version":2')),
    ],
    ['an unknown layer', 'model.json', (old: Buffer) => Buffer.from(old.toString().replace('CrlnRectifier', 'Other'))],
  ])('with %s is refused as file-format', async (_, file, damage) => {
    await fresh();
    const target = join(path(), file);
    const old = readFileSync(target);
    const bytes = damage(old);
    // The weights of a rectifier at 0 are four zero bytes.
    writeFileSync(target, bytes.equals(old) ? Buffer.from([1, 2, 3, 4]) : bytes);
    expect(await failure()).toMatchObject({ name: 'CrlnError', code: 'file-format' });
  });

  it('that cannot be written is named', async () => {
    writeFileSync(join(folder, 'file'), '');
    const error = await saveModel(rectifier(), fileHandler(join(folder, 'file'))).catch((e) => e);
    expect(error).toMatchObject({ name: 'CrlnError', code: 'file-access' });
  });
});

it('memory that holds nothing says so', async () => {
  await expect(loadModel(memoryHandler())).rejects.toMatchObject({ code: 'file-not-found' });
});

it('only built layers of this package can be saved', async () => {
  await expect(saveModel(new Conv3d({ filters: 1, kernelSize: 1 }), memoryHandler())).rejects.toMatchObject({
    code: 'invalid-argument',
  });
});
