import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { input, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyNetwork, Conv3d, uNet3d, vNet, weightVariables } from '../../src/index.js';

beforeAll(() => useBackend('wasm'));

const small = { baseFilters: 2, levels: 3, representation: 3, classes: 3, inChannels: 2 };
const image = (shape: number[] = [2, 16, 8, 8, 2]) => tf.randomUniform(shape, 0, 1, 'float32', 1);

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

  it('leaves the representation head alone where it is not wanted: all else the same bits', () => {
    const [net, twin] = [build(small), build(small)];
    const weights = tf.memory().numTensors;
    const head = (of: typeof net) =>
      Object.entries(weightVariables(of, 'nonTrainable')).filter(([name]) => name.startsWith('representation'));
    const untouched = head(net).map(([, value]) => [...value.dataSync()]);
    for (const call of [{}, { training: true, seed: 1 }, {}]) {
      const [without, whole] = tf.tidy(() => {
        const numbers = ({ logits, interaction }: ReturnType<typeof applyNetwork>) =>
          [logits, ...interaction].map((x) => [...x.dataSync()]);
        const part = applyNetwork(net, image(), { ...call, representation: false });
        expect(part.representation).toBeUndefined();
        return [numbers(part), numbers(applyNetwork(twin, image(), call))];
      });
      expect(without).toEqual(whole);
    }
    expect(untouched.length).toBeGreaterThan(0);
    expect(head(net).map(([, value]) => [...value.dataSync()])).toEqual(untouched);
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

  it('training reaches every layer: masks by seed, batch statistics taken in; inference changes nothing', () => {
    const net = build(small);
    const state = () => net.nonTrainableWeights.map((w) => w.read().dataSync().slice());
    const logits = (options: object) => applyNetwork(net, image(), options).logits.dataSync();
    const before = state();
    const inference = logits({});
    expect(state()).toEqual(before);
    const first = logits({ training: true, seed: 1 });
    expect(first).not.toEqual(inference);
    expect(logits({ training: true, seed: 1 })).toEqual(first);
    expect(logits({ training: true, seed: 2 })).not.toEqual(first);
    expect(state().every((values, i) => values.join() !== before[i]!.join())).toBe(true);
  });

  it('leaves no tensor behind, in training, inference and for gradients in inference mode', () => {
    const net = build(small);
    const x = image();
    const variables = Object.values(weightVariables(net));
    const step = (training: boolean) =>
      tf.tidy(() => {
        const { grads } = tf.variableGrads(
          () => tf.mean(tf.square(applyNetwork(net, x, { training, seed: 1 }).logits)) as tf.Scalar,
          variables,
        );
        return Object.values(grads).reduce((s, g) => s + Math.abs(g.dataSync()[0]!), 0);
      });
    tf.dispose(step(true));
    const before = tf.memory().numTensors;
    expect(step(true)).toBeGreaterThan(0);
    expect(step(false)).toBeGreaterThan(0);
    const out = applyNetwork(net, x);
    tf.dispose([out.logits, out.representation!, out.features]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('two networks of one kind have weights of the same names and do not share them', () => {
    const [student, teacher] = [build(small), build({ ...small, seed: 1 })];
    expect(Object.keys(weightVariables(teacher, 'all'))).toEqual(Object.keys(weightVariables(student, 'all')));
    expect(Object.keys(weightVariables(student, 'all'))).toHaveLength(student.weights.length);
    const [a, b] = [student, teacher].map((net) => applyNetwork(net, image()).logits.dataSync());
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
