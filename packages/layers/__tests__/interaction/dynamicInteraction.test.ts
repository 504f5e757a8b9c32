import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeOwnBackends, readAll } from '../../../ops/__tests__/support/backends.js';
import { type DynamicInteraction, dynamicInteraction, weightVariables } from '../../src/index.js';

const base = { classes: 3, prototypes: 2, widths: [8, 4] };
const features = (size = [2, 4, 2]) => [
  tf.randomNormal([2, ...size, 8], 0, 1, 'float32', 1),
  tf.randomNormal([2, ...size.map((s) => 2 * s), 4], 0, 1, 'float32', 2),
];
const map = (dim: DynamicInteraction, kwargs: object = {}, size?: number[]) =>
  dim.apply(features(size), kwargs) as tf.Tensor;

describeOwnBackends('dynamicInteraction', () => {
  it('gives a non-negative map of every class at the resolution of the image, for any patch size', async () => {
    const dim = dynamicInteraction(base);
    const m = map(dim);
    expect(m.shape).toEqual([2, 8, 16, 8, 3]);
    expect(Math.min(...(await m.data()))).toBeGreaterThanOrEqual(0);
    expect(map(dim, {}, [1, 2, 3]).shape).toEqual([2, 4, 8, 12, 3]);
  });

  it('starts the bank at zeros (reference) or as a truncated normal of σ 0.02 (paper)', async () => {
    expect(new Set(await dynamicInteraction(base).bank.read().data())).toEqual(new Set([0]));
    const bank = dynamicInteraction({ classes: 4, prototypes: 16, variant: 'paper' }).bank.read();
    expect(bank.shape).toEqual([4, 16, 64]);
    expect(Math.max(...(await bank.data()).map(Math.abs))).toBeLessThanOrEqual(0.04);
    expect(Math.sqrt((await tf.mean(tf.square(bank)).data())[0]!)).toBeCloseTo(0.0176, 3); // σ of a normal cut at 2σ is 0.88σ
  });

  it('paper adds the conv across classes; every switch can be set on its own', async () => {
    const names = (o: object) => Object.keys(weightVariables(dynamicInteraction({ ...base, ...o })));
    const cross = ['dynamicInteraction/stage2/crossClass/kernel', 'dynamicInteraction/stage2/crossClass/bias'];
    const reference = names({});
    expect(names({ variant: 'paper' }).filter((n) => !reference.includes(n))).toEqual(cross);
    expect(names({ variant: 'paper', crossClass: false })).toEqual(reference);
    const switches = [
      {},
      { residual: true },
      { crossClass: true },
      { initStd: 1 },
      { affine: 'voxel', voxels: [16, 128] },
    ];
    const outputs = await readAll(
      switches.map((o) => map(dynamicInteraction({ ...base, initStd: 0.5, ...o } as never))),
    );
    // At its start a gain per voxel is a gain per prototype: all one.
    expect(outputs[4]).toEqual(outputs[0]);
    for (const other of [1, 2, 3]) expect(outputs[other]).not.toEqual(outputs[0]);
  });

  it("affine 'voxel' refuses another patch size, and asks for the sizes", () => {
    const dim = dynamicInteraction({ ...base, affine: 'voxel', voxels: [16, 128] });
    expect(map(dim).shape).toEqual([2, 8, 16, 8, 3]);
    expect(() => map(dim, {}, [2, 2, 2])).toThrow(
      "stage2: affine 'voxel' was made for features of 128 voxels, got [4, 4, 4] = 64",
    );
    expect(() => dynamicInteraction({ ...base, affine: 'voxel' })).toThrow(/needs voxels/);
  });

  it('refuses features of other widths', () => {
    expect(() => dynamicInteraction(base).apply(features().reverse())).toThrow(
      'expected features [N, d, h, w, 8] and [N, d, h, w, 4], got',
    );
  });

  it('drops paths by the seed of the call, in training only', async () => {
    const dim = dynamicInteraction({ ...base, dropPath: 0.5, initStd: 1 });
    const run = (seeds: number[]) => readAll(seeds.map((seed) => map(dim, { training: true, seed })));
    const [first, again] = await run([1, 1]);
    expect(again).toEqual(first);
    expect(new Set((await run([0, 1, 2, 3, 4, 5])).map((values) => values.join())).size).toBeGreaterThan(1);
    const still = dynamicInteraction({ ...base, dropPath: 0, initStd: 1 });
    expect(await map(dynamicInteraction({ ...base, dropPath: 0.5, initStd: 1 })).data()).toEqual(
      await map(still).data(),
    );
  });

  it('without the residual, the legacy prototype order is a permutation of the bank and no more', async () => {
    const options = { ...base, initStd: 1 };
    const [legacy, aligned] = [true, false].map((legacyPrototypeOrder) =>
      dynamicInteraction({ ...options, legacyPrototypeOrder }),
    ) as [DynamicInteraction, DynamicInteraction];
    expect(await map(legacy).data()).not.toEqual(await map(aligned).data());
    const { classes: C, prototypes: R } = base;
    // Class c, prototype r reads row r·C + c, once in the attention of the first stage and once in the map.
    const read = (row: number) => (row % R) * C + Math.floor(row / R);
    const rows = Array.from({ length: C * R }, (_, row) => read(read(row)));
    const bank = tf.reshape(aligned.bank.read(), [C * R, 8]);
    aligned.bank.variable.write(tf.reshape(tf.gather(bank, tf.tensor1d(rows, 'int32')), [C, R, 8]));
    const difference = (await tf.max(tf.abs(tf.sub(map(legacy), map(aligned)))).data())[0]!;
    expect(difference).toBeLessThan(1e-5);
  });

  it('with a zero bank all gradients are finite, and the bank gets one', async () => {
    const dim = dynamicInteraction(base);
    const variables = weightVariables(dim);
    const { grads } = tf.variableGrads(
      () => tf.mean(tf.square(map(dim, { training: true, seed: 1 }))) as tf.Scalar,
      Object.values(variables),
    );
    for (const g of Object.values(grads)) expect((await g.data()).every(Number.isFinite)).toBe(true);
    const bank = grads[variables['dynamicInteraction/prototypes']!.name]!;
    expect(Math.max(...(await bank.data()).map(Math.abs))).toBeGreaterThan(0);
  });

  it('the bank gives the class means of both presets', async () => {
    const { bank } = dynamicInteraction({ ...base, initStd: 1 });
    const P = (await bank.read().array()) as number[][][];
    expect(bank.featureMeans().shape).toEqual([3, 2]);
    expect(bank.prototypeMeans().shape).toEqual([3, 8]);
    const mean = (xs: number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
    expect(((await bank.featureMeans().array()) as number[][])[2]![1]).toBeCloseTo(mean(P[2]![1]!), 5);
    expect(((await bank.prototypeMeans().array()) as number[][])[1]![3]).toBeCloseTo(mean(P[1]!.map((p) => p[3]!)), 5);
  });

  it('leaves no tensor behind', () => {
    const dim = dynamicInteraction(base);
    const inputs = features();
    const step = () => tf.dispose(dim.apply(inputs, { training: true, seed: 1 }) as tf.Tensor);
    step();
    const before = tf.memory().numTensors;
    step();
    expect(tf.memory().numTensors).toBe(before);
  });
});
