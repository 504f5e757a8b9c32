import { RandomStream, type Triple } from '@crln/core';
import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { channelsLast, number, readGolden, relativeError } from '../../../layers/__tests__/golden.js';
import { fillByFormula } from '../../../layers/__tests__/torch.js';
import type { Batch } from '../../src/batch.js';
import type { MethodContext } from '../../src/method.js';
import { crln } from '../../src/methods/crln.js';
import { scheduledRate } from '../../src/optimizers/schedule.js';
import { parseSettings } from '../../src/parseSettings.js';
import { optimizerSettings } from '../../src/settings.js';

interface Facts {
  steps: number;
  warmUp: number;
  size: Triple;
  anchors: number;
  negatives: number;
  learningRate: number;
  xi: number;
  columns: string[];
}

/** Hands out the formula's numbers, as `uniforms` in `scripts/golden/steps.py` does. */
class FormulaStream extends RandomStream {
  readonly #values: Float32Array;
  #next = 0;
  constructor(name: string, size: number) {
    super(0);
    this.#values = number(name, [size], 0.5, 0.5).data;
  }
  override uniform(): number {
    return this.#values[this.#next++] as number;
  }
}

const golden = readGolden<Facts>('crln-steps', new URL('../golden/', import.meta.url));
const { steps, warmUp, size, anchors, negatives, learningRate, xi, columns } = golden.facts;

/** Reversed along D; padding where the last index is 0. */
function reversal([d, h, w]: Triple, samples: number): tf.Tensor1D {
  const index = new Int32Array(samples * d * h * w);
  index.forEach((_, v) => {
    const column = v % (h * w);
    const plane = Math.floor(v / (h * w));
    const sample = Math.floor(plane / d);
    index[v] = v % w === 0 ? -1 : (sample * d + (d - 1 - (plane % d))) * h * w + column;
  });
  return tf.tensor1d(index, 'int32');
}

const image = (name: string) => channelsLast(number(name, [2, 1, ...size])) as tf.Tensor5D;

function batchOf(iteration: number): Batch {
  const labelled = image(`labelled/${iteration % 3}`);
  return {
    labelled: {
      image: labelled,
      label: tf.cast(tf.greater(tf.squeeze(labelled, [4]), 0.2), 'int32') as tf.Tensor4D,
      caseIds: [],
    },
    unlabelled: {
      image: image(`unlabelled/${iteration % 3}`),
      caseIds: [],
      strong: { image: image(`strong/${iteration % 3}`), index: reversal(size, 2) },
    },
  };
}

describe('ten steps of crln', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  it('have the losses of PyTorch within 1e-3, and end in the same teacher', () => {
    const given = { prototypes: 3, warmUp, xi, anchors, negatives, sureThreshold: 0.6, validThreshold: 0.55 };
    const context: MethodContext<ReturnType<typeof crln.options.parse>> = {
      options: parseSettings(crln.options, { ...given, interaction: { dropPath: 0 } }, 'crln'),
      classes: 2,
      inChannels: 1,
      patch: size,
      seed: 0,
      network: { type: 'vNet', baseFilters: 4, levels: 2, dropout: 0 },
      optimizer: optimizerSettings.parse({ learningRate }),
    };
    const parts = crln.build(context);
    const { rectifier: _, ...networks } = parts.models;
    for (const model of Object.values(networks)) fillByFormula(model);

    const curves: number[] = [];
    for (let iteration = 0; iteration < steps; iteration++) {
      const { schedule } = context.optimizer;
      const rate = scheduledRate(schedule, learningRate, iteration, steps);
      for (const optimizer of Object.values(parts.optimizers)) optimizer.learningRate = rate;
      const stream = (purpose: string) =>
        purpose === 'cps' ? new FormulaStream(`cps/${iteration}`, 2 * anchors * (1 + negatives)) : new RandomStream(0);
      const terms = tf.tidy(() =>
        crln.step(batchOf(iteration), { ...context, parts, iteration, iterations: steps, stream, prepared: {} }),
      );
      for (const name of columns) curves.push((terms[name] as tf.Scalar).dataSync()[0] as number);
      tf.dispose(terms);
    }
    const expected = golden.get('curves').data;
    const worst = columns.map((name, column) => {
      const of = (values: ArrayLike<number>) =>
        Array.from({ length: steps }, (_, t) => values[t * columns.length + column]!);
      return [name, relativeError(of(curves), of(expected), 1e-6)] as const;
    });
    for (const [name, error] of worst) expect([name, error < 1e-3]).toEqual([name, true]);

    const prediction = tf.tidy(() => crln.predict(image('labelled/0'), { ...context, parts }));
    const reference = channelsLast(golden.get('prediction'));
    expect(relativeError(prediction.dataSync(), reference.dataSync(), 1e-6)).toBeLessThan(1e-3);
    tf.dispose([prediction, reference]);
  });
});
