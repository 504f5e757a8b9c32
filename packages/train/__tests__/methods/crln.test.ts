import { batchLoader } from '@crln/data';
import { weightVariables } from '@crln/layers';
import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CrlnOptions, crlnOptions } from '../../src/methods/crlnOptions.js';
import { findMethod } from '../../src/methods/index.js';
import { parseSettings } from '../../src/parseSettings.js';
import { type TrainSettings, trainSettings } from '../../src/settings.js';
import { Session } from '../../src/trainer/session.js';
import { tinyData, tinySettings } from '../tiny.js';

const small = { prototypes: 3, anchors: 8, negatives: 16 };
const sessions: Session[] = [];

beforeAll(async () => {
  await useBackend('wasm');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => {
  for (const session of sessions.splice(0)) session.dispose();
  tf.engine().endScope();
});

/** Trains some iterations of a method by hand, and hands out all losses. */
async function steps(name: string, options: object, iterations: number, { classes = 2, network: more = {} } = {}) {
  const tiny = { ...tinySettings, network: { ...tinySettings.network, ...more } };
  const settings = parseSettings(trainSettings, tiny, 'settings') as TrainSettings;
  const method = findMethod(name);
  const given = parseSettings(method.options, options, name);
  const loader = batchLoader(tinyData(classes), { ...settings, needs: method.needs(given) });
  const { patch, seed, network, optimizer } = settings;
  const made = new Session(method, { options: given, classes, inChannels: 1, patch, seed, network, optimizer });
  sessions.push(made);
  const losses: Record<string, number>[] = [];
  for (let t = 0; t < iterations; t++) {
    const terms = made.step(await loader.batch(t), t, iterations);
    losses.push(Object.fromEntries(Object.entries(terms).map(([key, value]) => [key, value.dataSync()[0] as number])));
  }
  return { session: made, losses };
}

const buffers = (model: unknown) =>
  Object.values(weightVariables(model as never, 'nonTrainable')).flatMap((w) => [...w.dataSync()]);

describe('crln', () => {
  it("leaves the teacher's interaction alone until the warm-up is over, and trains μ from the start", async () => {
    const early = await steps('crln', { ...small, warmUp: 9 }, 2);
    const { teacherInteraction, studentInteraction } = early.session.parts.models;
    expect(new Set(buffers(teacherInteraction))).toEqual(new Set([0, 1]));
    expect(new Set(buffers(studentInteraction)).size).toBeGreaterThan(2);
    expect(early.losses[0]?.mu).not.toBe(0);
    const late = await steps('crln', { ...small, warmUp: 1 }, 2);
    expect(new Set(buffers(late.session.parts.models.teacherInteraction)).size).toBeGreaterThan(2);
  });

  it.each(['vNet', 'uNet3d'] as const)(
    'trains a %s to the same bits where activations are computed again',
    async (type) => {
      const trained = async (recompute: boolean) => {
        const { session, losses } = await steps('crln', { ...small, warmUp: 1 }, 3, { network: { type, recompute } });
        const { student, teacher } = session.parts.models;
        const weights = [student, teacher].map((model) =>
          Object.fromEntries(
            Object.entries(weightVariables(model as never, 'all')).map(([name, value]) => [name, value.dataSync()]),
          ),
        );
        return { losses, weights };
      };
      expect(await trained(true)).toEqual(await trained(false));
    },
  );

  it('predicts with the teacher, rectified by its map', async () => {
    const { session } = await steps('crln', { ...small, warmUp: 0 }, 3);
    const x = tf.randomNormal([1, 8, 8, 4, 1], 0, 1, 'float32', 4) as tf.Tensor5D;
    const p = session.predict(x);
    expect(p.shape).toEqual([1, 8, 8, 4, 2]);
    for (const sum of tf.sum(p, -1).dataSync()) expect(sum).toBeCloseTo(1, 5);
    const { rectifier } = session.parts.models;
    const mu = Object.values(weightVariables(rectifier as never))[0] as tf.Variable;
    mu.assign(tf.scalar(1)); // (1 − μ) = 0: the map has no say
    expect([...session.predict(x).dataSync()]).not.toEqual([...p.dataSync()]);
  });

  it.each([
    ['paper', { variant: 'paper' }],
    ['voxel affine', { interaction: { affine: 'voxel' } }],
    ["the authors' prototype order", { interaction: { legacyPrototypeOrder: true, residual: true, initStd: 0.02 } }],
    ['teacher in evaluation mode, no contrast', { teacherMode: 'eval', cpsWeight: 0 }],
  ])('steps with %s', async (_, options) => {
    const { losses, session } = await steps('crln', { ...small, warmUp: 1, ...options }, 2);
    for (const row of losses) for (const value of Object.values(row)) expect(Number.isFinite(value)).toBe(true);
    expect(Object.keys(losses[0] ?? {}).includes('cps')).toBe(!('cpsWeight' in options));
    expect(Object.keys(session.parts.state ?? {})).toEqual('variant' in options ? ['projection'] : []);
  });

  it('blends the mean over prototypes into the positives by a switch of its own, which a variant presets', async () => {
    const chosen = (options: object) => (parseSettings(crlnOptions, options, 'crln') as CrlnOptions).positive;
    expect(chosen({})).toBe('features');
    expect(chosen({ variant: 'paper' })).toBe('prototypes');
    expect(chosen({ variant: 'paper', positive: 'features' })).toBe('features');
    const bank = { interaction: { initStd: 1 }, warmUp: 0 };
    const [features, prototypes] = [
      await steps('crln', { ...small, ...bank }, 1),
      await steps('crln', { ...small, ...bank, positive: 'prototypes' }, 1),
    ];
    expect(Object.keys(features.session.parts.state ?? {})).toEqual([]);
    expect(Object.keys(prototypes.session.parts.state ?? {})).toEqual(['projection']);
    expect(prototypes.losses[0]?.cps).not.toBe(features.losses[0]?.cps);
    expect(prototypes.losses[0]?.supervised).toBe(features.losses[0]?.supervised);
  });

  it('logs μ as it rectifies: clipped where clipMu keeps it in [0, 1]', async () => {
    const mu = async (clipMu: boolean) => {
      const { losses, session } = await steps('crln', { ...small, clipMu }, 1);
      const { rectifier } = session.parts.models;
      const raw = (Object.values(weightVariables(rectifier as never))[0] as tf.Variable).dataSync()[0] as number;
      return [losses[0]?.mu, raw] as const;
    };
    const [open, raw] = await mu(false);
    expect(open).toBe(raw);
    expect(raw).not.toBe(0);
    const [clipped, own] = await mu(true);
    expect(clipped).toBe(Math.min(Math.max(own, 0), 1));
    expect([raw, own].some((value) => value < 0)).toBe(true);
  });

  it('trains, and says that it trains, student, interaction and μ', async () => {
    const { session } = await steps('crln', small, 1);
    const { student, studentInteraction } = session.parts.models;
    const size = (model: unknown) =>
      Object.values(weightVariables(model as never)).reduce((sum, { size }) => sum + size, 0);
    expect(session.parameters).toBe(size(student) + size(studentInteraction) + 1);
  });

  it("normalises by running statistics of its own where the teacher trains, by the student's where it does not", async () => {
    const after = async (teacherMode: string) => {
      const { session } = await steps('crln', { ...small, warmUp: 0, teacherMode }, 2);
      const { student, teacher, studentInteraction, teacherInteraction } = session.parts.models;
      return [student, teacher, studentInteraction, teacherInteraction].map(buffers);
    };
    const [student, teacher, studentInteraction, teacherInteraction] = await after('eval');
    expect(teacher).toEqual(student);
    expect(teacherInteraction).toEqual(studentInteraction);
    const [other, own] = await after('train');
    expect(own).not.toEqual(other);
  });

  it('steps with three classes', async () => {
    const { losses, session } = await steps('crln', { ...small, warmUp: 1 }, 2, { classes: 3 });
    for (const row of losses) for (const value of Object.values(row)) expect(Number.isFinite(value)).toBe(true);
    expect(session.predict(tf.zeros([1, 8, 8, 4, 1])).shape).toEqual([1, 8, 8, 4, 3]);
  });

  it('refuses another patch size with one affine a voxel', async () => {
    const { session } = await steps('crln', { ...small, interaction: { affine: 'voxel' } }, 1);
    expect(() => session.predict(tf.zeros([1, 16, 8, 4, 1]))).toThrow(/voxel/);
  });
});

describe('mean-teacher', () => {
  it('ramps its consistency up', async () => {
    const { losses } = await steps('mean-teacher', { rampUp: { length: 1, period: 1 }, consistencyWeight: 2 }, 2);
    const weights = losses.map(({ loss, supervised, consistency }) => (loss! - supervised!) / consistency!);
    expect(weights[0]).toBeCloseTo(2 * Math.exp(-5), 3);
    expect(weights[1]).toBeCloseTo(2, 3);
  });
});

describe('supervised', () => {
  it('predicts with the averaged network, or the trained one', async () => {
    const x = tf.randomNormal([1, 8, 8, 4, 1], 0, 1, 'float32', 4) as tf.Tensor5D;
    const run = async (evaluate: string) => {
      const { session } = await steps('supervised', { evaluate }, 3);
      return [...session.predict(x).dataSync()];
    };
    expect(await run('teacher')).not.toEqual(await run('student'));
  });
});
