import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends, scoped } from '../../ops/__tests__/support/backends.js';
import {
  applyNetwork,
  dynamicInteraction,
  type NetworkOptions,
  type NetworkOutput,
  uNet3d,
  vNet,
  weightVariables,
} from '../src/index.js';
import { channelsLast, type Golden, largest, number, readGolden, relativeError } from './golden.js';
import { fillByFormula, fromTorch, torchName } from './torch.js';

/** Of DESIGN: error = max|a − b| / max(max|b|, 1e-6 × the network's largest gradient). */
const TOLERANCE = 1e-4;
/** A gradient that vanishes by theory (a bias before a norm) is rounding noise in float32; this share of the largest gradient bounds it. */
const NOISE = 1e-5;

interface NetworkFacts {
  levels: number;
  base: number;
  size: number[];
  classes: number;
  prototypes: number;
  inChannels: number;
  prefix: string;
}
interface DimFacts {
  widths: number[];
  sizes: number[][];
  classes: number;
  prototypes: number;
  residual: boolean;
  affine: 'prototype' | 'voxel';
  zeroBank: boolean;
}

/** Errors by name, of the values given by PyTorch's names. */
class Comparison<F> {
  readonly errors: Record<string, number> = {};
  /** Largest magnitude of gradients that vanish in the reference, as a share of the largest gradient. */
  noise = 0;
  readonly #golden: Golden<F>;
  readonly #largestGradient: number;

  constructor(golden: Golden<F>) {
    this.#golden = golden;
    const gradients = golden.names.filter((name) => name.startsWith('grad:'));
    this.#largestGradient = Math.max(...gradients.map((name) => largest(golden.get(name).data)));
  }

  async output(name: string, actual: tf.Tensor): Promise<void> {
    const expected = await channelsLast(this.#golden.get(name)).data();
    this.errors[name] = relativeError(await actual.data(), expected, 0);
  }

  async weight(kind: 'grad' | 'buffer', originalName: string, actual: tf.Tensor): Promise<void> {
    const name = `${kind}:${torchName(originalName)}`;
    const expected = await fromTorch(originalName, this.#golden.get(name)).data();
    const floor = kind === 'grad' ? 1e-6 * this.#largestGradient : 0;
    if (kind === 'grad' && largest(expected) < 1e-9 * this.#largestGradient) {
      this.noise = Math.max(this.noise, largest(await actual.data()) / this.#largestGradient);
    } else {
      this.errors[name] = relativeError(await actual.data(), expected, floor);
    }
  }

  async inputGradient(name: string, actual: tf.Tensor): Promise<void> {
    const expected = await channelsLast(this.#golden.get(name)).data();
    this.errors[name] = relativeError(await actual.data(), expected, 1e-6 * this.#largestGradient);
  }

  get worst(): [string, number] {
    return Object.entries(this.errors).reduce((a, b) => (b[1] <= a[1] ? a : b), ['none', 0]);
  }
}

/** Σ y·w / √size with the formula's w: the reference's scalar loss of one output. */
const probe = (name: string, y: tf.Tensor): tf.Scalar => {
  const [n, d, h, w, c] = y.shape as [number, number, number, number, number];
  const weights = channelsLast(number(name, [n, c, d, h, w]));
  return tf.mul(tf.sum(tf.mul(y, weights)), 1 / Math.sqrt(y.size)) as tf.Scalar;
};

describeBackends('networks and interaction', () => {
  it.each<[string, (options: NetworkOptions) => ReturnType<typeof vNet>]>([
    ['vnet', vNet],
    ['vnet-deep', vNet],
    ['unet3d', uNet3d],
  ])('%s gives the outputs, gradients and running statistics of PyTorch', async (name, build) => {
    const golden = readGolden<NetworkFacts>(name);
    const { base, prototypes, size, levels, classes, inChannels } = golden.facts;
    const shared = { levels, classes, inChannels, dropout: 0 };
    const net = build({ ...shared, baseFilters: base, representation: prototypes });
    fillByFormula(net, golden.facts.prefix);
    const variables = weightVariables(net);
    const compared = new Comparison(golden);
    await scoped(async () => {
      const x = channelsLast(number('image', [2, inChannels, ...size]));
      let out!: NetworkOutput;
      const { grads } = tf.variableGrads(() => {
        out = applyNetwork(net, x, { training: true, seed: 1 });
        for (const z of [out.logits, out.representation!, ...out.interaction]) tf.keep(z);
        return tf.add(
          probe('probe/logits', out.logits),
          probe('probe/representation', out.representation!),
        ) as tf.Scalar;
      }, Object.values(variables));
      await compared.output('logits', out.logits);
      await compared.output('representation', out.representation!);
      for (const [i, z] of out.interaction.entries()) await compared.output(`interaction:${i}`, z);
      for (const [key, variable] of Object.entries(variables))
        await compared.weight('grad', key, grads[variable.name]!);
      for (const [key, variable] of Object.entries(weightVariables(net, 'nonTrainable'))) {
        await compared.weight('buffer', key, variable);
      }
      if (golden.names.includes('logits:inference')) {
        await compared.output('logits:inference', applyNetwork(net, x).logits);
      }
      tf.dispose([out.logits, out.representation!, out.interaction]);
    });
    net.dispose();
    expect(compared.worst[1], compared.worst[0]).toBeLessThan(TOLERANCE);
    expect(compared.noise).toBeLessThan(NOISE);
  });

  it.each(['dim', 'dim-zero-bank', 'dim-residual', 'dim-voxel'])(
    '%s gives the map, gradients and running statistics of PyTorch, and no gradient where it has none',
    async (name) => {
      const golden = readGolden<DimFacts>(name);
      const { widths, sizes, classes, prototypes, residual, affine, zeroBank } = golden.facts;
      const voxels = sizes.map((size) => size.reduce((a, b) => a * b, 1));
      const options = { widths, classes, prototypes, residual, affine, dropPath: 0 };
      const dim = dynamicInteraction({ ...options, ...(affine === 'voxel' && { voxels }) });
      fillByFormula(dim);
      if (zeroBank) dim.bank.variable.write(tf.zerosLike(dim.bank.read()));
      const variables = weightVariables(dim);
      const compared = new Comparison(golden);
      await scoped(async () => {
        const features = sizes.map((size, i) =>
          tf.variable(channelsLast(number(`feature/${i}`, [2, widths[i]!, ...size]))),
        );
        let map!: tf.Tensor;
        const { grads } = tf.variableGrads(() => {
          map = tf.keep(dim.apply(features, { training: true, seed: 1 }) as tf.Tensor);
          return probe('probe/map', map);
        }, [...features, ...Object.values(variables)]);
        await compared.output('map', map);
        for (const [i, z] of features.entries()) await compared.inputGradient(`grad:feature/${i}`, grads[z.name]!);
        const without: string[] = [];
        for (const [key, variable] of Object.entries(variables)) {
          const gradient = grads[variable.name];
          if (gradient) await compared.weight('grad', key, gradient);
          else without.push(torchName(key));
        }
        expect(without.sort()).toEqual([...golden.noGradient].sort());
        for (const [key, variable] of Object.entries(weightVariables(dim, 'nonTrainable'))) {
          if (!key.includes('stage1')) await compared.weight('buffer', key, variable);
        }
        await compared.output('map:inference', dim.apply(features) as tf.Tensor);
        tf.dispose([map, features]);
      });
      dim.dispose();
      expect(compared.worst[1], compared.worst[0]).toBeLessThan(TOLERANCE);
      expect(compared.noise).toBeLessThan(NOISE);
    },
  );
});
