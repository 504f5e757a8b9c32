import { resize3d } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { input, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { describeOwnBackends, readAll, scoped } from '../../../ops/__tests__/support/backends.js';
import {
  applyNetwork,
  Conv3d,
  loadModel,
  memoryHandler,
  saveModel,
  uNet3d,
  vNet,
  weightVariables,
} from '../../src/index.js';

const small = { baseFilters: 2, levels: 3, representation: 3, classes: 3, inChannels: 2 };
const image = (shape: number[] = [2, 16, 8, 8, 2]) => tf.randomUniform(shape, 0, 1, 'float32', 1);

describeOwnBackends('applyNetwork', () => {
  describe.each([
    ['vNet', vNet],
    ['uNet3d', uNet3d],
    ['uNet3d, trilinear', (o: object) => uNet3d({ ...o, upsample: 'trilinear' })],
  ])('%s', (_, build) => {
    it('hands out logits, representation and features of every decoder layer by name', () => {
      const out = applyNetwork(build(small), image());
      expect(out.logits.shape).toEqual([2, 16, 8, 8, 3]);
      expect(out.representation?.shape).toEqual([2, 16, 8, 8, 3]);
      expect(Object.fromEntries(Object.entries(out.features).map(([k, z]) => [k, z.shape]))).toEqual({
        bottleneck: [2, 2, 1, 1, 16],
        decoder1: [2, 4, 2, 2, 8],
        decoder2: [2, 8, 4, 4, 4],
        decoder3: [2, 16, 8, 8, 2],
      });
      expect(out.interaction[0]).toBe(out.features.decoder1);
      expect(out.interaction[1]).toBe(out.features.decoder2);
    });

    it('leaves the representation head alone where it is not wanted: all else the same bits', async () => {
      const [net, twin] = [build(small), build(small)];
      const weights = tf.memory().numTensors;
      const head = (of: typeof net) =>
        Object.entries(weightVariables(of, 'nonTrainable')).filter(([name]) => name.startsWith('representation'));
      const numbers = async (tensors: tf.Tensor[]) => (await readAll(tensors)).map((values) => [...values]);
      const state = () => numbers(head(net).map(([, value]) => value));
      const untouched = await state();
      for (const call of [{}, { training: true, seed: 1 }, {}]) {
        const [without, whole] = await scoped(async () => {
          const read = ({ logits, interaction }: ReturnType<typeof applyNetwork>) => numbers([logits, ...interaction]);
          const part = applyNetwork(net, image(), { ...call, representation: false });
          expect(part.representation).toBeUndefined();
          return [await read(part), await read(applyNetwork(twin, image(), call))];
        });
        expect(without).toEqual(whole);
      }
      expect(untouched.length).toBeGreaterThan(0);
      expect(await state()).toEqual(untouched);
      expect(tf.memory().numTensors).toBe(weights);
      net.dispose();
      expect(tf.memory().numTensors).toBe(weights - net.weights.length);
    });

    it('takes any patch that its levels can halve, and says what another should be', () => {
      const net = build(small);
      expect(applyNetwork(net, image([1, 8, 24, 16, 2])).logits.shape).toEqual([1, 8, 24, 16, 3]);
      expect(() => applyNetwork(net, image([1, 8, 12, 16, 2]))).toThrow(
        'expected [N, D, H, W, C] with D, H and W multiples of 8 (every level of the network halves them), got [1, 8, 12, 16, 2]',
      );
      expect(() => applyNetwork(net, image([1, 8, 8, 8, 1]))).toThrow(
        /expected an image \[N, D, H, W, 2\], got \[1, 8, 8, 8, 1\]/,
      );
    });

    it('training reaches every layer: masks by seed, batch statistics taken in; inference changes nothing', async () => {
      const net = build(small);
      const state = async () =>
        (await readAll(net.nonTrainableWeights.map((w) => w.read()))).map((values) => values.slice());
      const logits = (options: object) => applyNetwork(net, image(), options).logits.data();
      const before = await state();
      const inference = await logits({});
      expect(await state()).toEqual(before);
      const first = await logits({ training: true, seed: 1 });
      expect(first).not.toEqual(inference);
      expect(await logits({ training: true, seed: 1 })).toEqual(first);
      expect(await logits({ training: true, seed: 2 })).not.toEqual(first);
      expect((await state()).every((values, i) => values.join() !== before[i]!.join())).toBe(true);
    });

    it('leaves no tensor behind, in training, inference and for gradients in inference mode', async () => {
      const net = build(small);
      const x = image();
      const variables = Object.values(weightVariables(net));
      const step = (training: boolean) =>
        scoped(async () => {
          const { grads } = tf.variableGrads(
            () => tf.mean(tf.square(applyNetwork(net, x, { training, seed: 1 }).logits)) as tf.Scalar,
            variables,
          );
          return (await readAll(Object.values(grads))).reduce((s, g) => s + Math.abs(g[0]!), 0);
        });
      await step(true);
      const before = tf.memory().numTensors;
      expect(await step(true)).toBeGreaterThan(0);
      expect(await step(false)).toBeGreaterThan(0);
      const out = applyNetwork(net, x);
      tf.dispose([out.logits, out.representation!, out.features]);
      expect(tf.memory().numTensors).toBe(before);
    });

    it('two networks of one kind have weights of the same names and do not share them', async () => {
      const [student, teacher] = [build(small), build({ ...small, seed: 1 })];
      expect(Object.keys(weightVariables(teacher, 'all'))).toEqual(Object.keys(weightVariables(student, 'all')));
      expect(Object.keys(weightVariables(student, 'all'))).toHaveLength(student.weights.length);
      const [a, b] = await readAll([student, teacher].map((net) => applyNetwork(net, image()).logits));
      expect(a).not.toEqual(b);
    });
  });

  describe.each([
    ['vNet', vNet],
    ['uNet3d', uNet3d],
  ])('%s with branches', (_, build) => {
    const branched = { ...small, upsample: ['transposed', 'trilinear', 'nearest'] as const, auxiliaryHeads: 2 };

    it('gives logits of every decoder and auxiliary head at full resolution, and the first decoder is that of a plain network', async () => {
      const [net, plain] = [build(branched), build(small)];
      const out = applyNetwork(net, image());
      expect(out.decoders).toHaveLength(3);
      expect(out.auxiliary).toHaveLength(2);
      expect(out.decoders[0]).toBe(out.logits);
      for (const logits of [...out.decoders, ...out.auxiliary]) expect(logits.shape).toEqual([2, 16, 8, 8, 3]);
      const [first, same, ...others] = await readAll([
        out.logits,
        applyNetwork(plain, image()).logits,
        ...out.decoders.slice(1),
      ]);
      expect(first).toEqual(same);
      for (const other of others) expect(other).not.toEqual(first);
      const names = Object.keys(weightVariables(net, 'all'));
      expect(names).toEqual(expect.arrayContaining(Object.keys(weightVariables(plain, 'all'))));
      expect(names).toHaveLength(net.weights.length);
      expect(names.filter((name) => name.startsWith('encoder'))).toEqual(
        Object.keys(weightVariables(plain, 'all')).filter((name) => name.startsWith('encoder')),
      );
    });

    it('leaves branches alone where they are not wanted', async () => {
      const net = build({ ...branched, upsample: ['trilinear', 'transposed'] });
      const branches = () =>
        Object.entries(weightVariables(net, 'nonTrainable')).filter(([name]) => name.startsWith('branch'));
      const state = async () => (await readAll(branches().map(([, value]) => value))).map((values) => [...values]);
      const before = await state();
      const out = applyNetwork(net, image(), { training: true, seed: 1, branches: false });
      expect([out.decoders.length, out.auxiliary.length, out.representation?.shape[4]]).toEqual([1, 0, 3]);
      expect(before.length).toBeGreaterThan(0);
      expect(await state()).toEqual(before);
      const bare = applyNetwork(net, image(), { branches: false, representation: false });
      expect([bare.decoders.length, bare.representation]).toEqual([1, undefined]);
    });

    it('gives the same bits where activations are computed again, and comes back from a file', async () => {
      const [net, again] = [build(branched), build({ ...branched, recompute: true })];
      const handler = memoryHandler();
      await saveModel(net, handler);
      const loaded = await loadModel(handler);
      const read = (of: typeof net) =>
        scoped(async () => {
          const { decoders, auxiliary } = applyNetwork(of, image(), { training: true, seed: 1 });
          return readAll([...decoders, ...auxiliary]);
        });
      const expected = await read(net);
      expect(await read(again)).toEqual(expected);
      expect(await read(loaded)).toEqual(expected);
    });
  });

  it('an auxiliary head is dropout, a 1×1×1 conv and a trilinear enlargement of its decoder layer', async () => {
    const net = vNet({ ...small, auxiliaryHeads: 2, dropout: 0 });
    const { auxiliary, features } = applyNetwork(net, image());
    const { 'auxiliary2/conv/kernel': kernel, 'auxiliary2/conv/bias': bias } = weightVariables(net);
    const flat = tf.matMul(tf.reshape(features.decoder1!, [-1, 8]), tf.reshape(kernel!, [8, 3]));
    const scores = tf.reshape(tf.add(flat, bias!), [2, 4, 2, 2, 3]) as tf.Tensor5D;
    const [found, expected] = await readAll([auxiliary[1]!, resize3d(scores, [16, 8, 8], { mode: 'trilinear' })]);
    found!.forEach((value, i) => void expect(value).toBeCloseTo(expected![i]!, 5));
  });

  it('with two levels, the bottleneck is what lies at 1/4 resolution', () => {
    const out = applyNetwork(vNet({ baseFilters: 2, levels: 2 }), image([1, 8, 8, 4, 1]));
    expect(out.interaction.map((z) => z.shape)).toEqual([
      [1, 2, 2, 1, 8],
      [1, 4, 4, 2, 4],
    ]);
    expect(out.representation).toBeUndefined();
  });

  it('refuses options that make no network, and models of another kind', () => {
    expect(() => vNet({ levels: 1 })).toThrow('vNet: levels must be a whole number >= 2, got 1');
    expect(() => vNet({ upsample: 'cubic' as 'nearest' })).toThrow(
      "vNet: upsample must be one or several of 'transposed', 'trilinear', 'nearest', got cubic",
    );
    expect(() => uNet3d({ upsample: [] })).toThrow('got none');
    expect(() => vNet({ levels: 3, auxiliaryHeads: 3 })).toThrow(
      'vNet: 3 levels have 2 decoder layers below full resolution, too few for 3 auxiliary heads',
    );
    expect(() => uNet3d({ classes: 0 })).toThrow('uNet3d: classes must be a whole number >= 1, got 0');
    const x = input({ shape: [null, null, null, 1] });
    const conv = (name: string) => new Conv3d({ filters: 1, kernelSize: 1, name }).apply(x) as SymbolicTensor;
    const other = makeModel({ inputs: x, outputs: [conv('a'), conv('b')] });
    expect(() => applyNetwork(other, image([1, 8, 8, 8, 1]))).toThrow(/expected a network made by vNet or uNet3d/);
  });
});
