import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect, it } from 'vitest';
import type { EvaluationCase } from '../../src/evaluate.js';
import { supervised } from '../../src/methods/supervised.js';
import { buildReport } from '../../src/report/report.js';
import { readReportRun } from '../../src/report/runs.js';
import { writeRunConfig } from '../../src/runConfig.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import { train } from '../../src/trainer.js';
import { ball, tinyData, tinySettings } from '../tiny.js';

beforeAll(() => tf.setBackend('cpu'));

it('the evaluation at the end leaves pictures of its cases, and the report shows them', async () => {
  const store = memoryStore();
  const splits = { labelled: ['a', 'b'], val: ['e', 'f'] };
  const backend = { name: 'cpu', kernelBuild: 'stock' };
  await writeRunConfig(store, {
    settings: { method: 'supervised' },
    seed: 1,
    recipe: null,
    splits,
    backend,
    packages: {},
  });
  const cases = () => ['e', 'f'].map((id) => ({ ...ball(id), spacing: [1, 1, 2] }) as EvaluationCase);
  const settings = { ...tinySettings, iterations: 2 };
  const evaluation = { every: 1, split: 'val' as const, cases };
  const events: string[] = [];
  for await (const { type } of train({ method: supervised, settings, data: tinyData(), store, evaluation }))
    events.push(type);
  expect(events.filter((type) => type === 'evaluation')).toHaveLength(2);
  const run = await readReportRun(store, 'tiny');
  expect(run.overlays.map(({ split, iteration, id }) => [split, iteration, id])).toEqual([
    ['val', 2, 'e'],
    ['val', 2, 'f'],
  ]);
  const { sections } = buildReport([run]);
  const pictures = sections.find(({ heading }) => heading === 'Pictures')?.blocks ?? [];
  expect(pictures.filter(({ kind }) => kind === 'figure')).toHaveLength(2);
});
