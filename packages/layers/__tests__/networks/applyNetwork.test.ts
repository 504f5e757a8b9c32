import * as tf from '@tensorflow/tfjs-core';
import { input, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { describeOwnBackends, readAll, scoped } from '../../../ops/__tests__/support/backends.js';
import { applyNetwork, Conv3d, uNet3d, vNet, weightVariables } from '../../src/index.js';

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
    expect(() => uNet3d({ classes: 0 })).toThrow('uNet3d: classes must be a whole number >= 1, got 0');
    const x = input({ shape: [null, null, null, 1] });
    const conv = (name: string) => new Conv3d({ filters: 1, kernelSize: 1, name }).apply(x) as SymbolicTensor;
    const other = makeModel({ inputs: x, outputs: [conv('a'), conv('b')] });
    expect(() => applyNetwork(other, image([1, 8, 8, 8, 1]))).toThrow(/expected a network made by vNet or uNet3d/);
  });
});
