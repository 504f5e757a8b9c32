import type { Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { type EvaluationCase, evaluateCases, slidingPredictor } from '../src/evaluate.js';
import { summarize } from '../src/metrics/summary.js';

beforeAll(() => tf.setBackend('cpu'));

const shape: Triple = [8, 6, 5];
/** The image is its own label, but for the first voxels. */
function example(id: string, wrong: number): EvaluationCase {
  const label = Uint8Array.from({ length: 240 }, (_, v) => (v % 30 < 12 ? 1 : 0));
  const image = Float32Array.from(label, (value, v) => (v < wrong ? 1 - value : value));
  return { id, image, label, shape, spacing: [1, 1, 2] };
}
/** Probability of class 1 = intensity. */
const predict = slidingPredictor((x) => tf.concat([tf.sub(1, x), x], 4), { roiSize: 4, overlap: 0.5, classes: 2 });

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
}

describe('evaluateCases', () => {
  it('scores cases one after another, loading each when it is due', async () => {
    const log: string[] = [];
    async function* load() {
      for (const [id, wrong] of [
        ['a', 0],
        ['b', 3],
      ] as const) {
        log.push(`load ${id}`);
        yield example(id, wrong);
      }
    }
    for await (const { row } of evaluateCases(predict, load())) log.push(`${row.id} ${row.mean.dice?.toFixed(2)}`);
    expect(log).toEqual(['load a', 'a 1.00', 'load b', 'b 0.98']);
  });

  it('gives rows that summarize takes, and the predictions', async () => {
    const done = await collect(evaluateCases(predict, [example('a', 0), example('b', 3)]));
    expect(done[0]?.prediction).toEqual(done[0]?.case.label);
    expect(summarize(done.map(({ row }) => row)).mean.dice.mean).toBeCloseTo((1 + (2 * 93) / 189) / 2, 10);
  });

  it('can keep the largest component only', async () => {
    const label = Uint8Array.of(1, 1, 1, 0, 0);
    const one = { id: 'a', label, shape: [1, 1, 5] as Triple, spacing: [1, 1, 1] as Triple };
    const noisy = () => Uint8Array.of(1, 1, 1, 0, 1);
    const dice = async (options: object) => (await collect(evaluateCases(noisy, [one], options)))[0]?.row.mean.dice;
    expect(await dice({})).toBeCloseTo(6 / 7, 10);
    expect(await dice({ largestComponent: true })).toBe(1);
    expect(await dice({ largestComponent: { connectivity: 6 } })).toBe(1);
  });

  it('names the case whose prediction does not fit, and stops when asked to', async () => {
    await expect(collect(evaluateCases(() => new Uint8Array(3), [example('a', 0)]))).rejects.toThrow(
      /case a: .* 3 voxels/,
    );
    const signal = AbortSignal.abort();
    await expect(collect(evaluateCases(predict, [example('a', 0)], { signal }))).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});
