import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { run } from '../run.mjs';

const source = () => readFile(new URL('../interpolation.mjs', import.meta.url), 'utf8');

it('is under 80 lines and imports layers, losses and TensorFlow.js alone', async () => {
  const text = await source();
  expect(text.trimEnd().split('\n').length).toBeLessThan(80);
  const imports = [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name);
  expect(imports).toEqual(['@crln/layers', '@crln/losses', '@tensorflow/tfjs-core']);
});

it('learns, and finds part of the atrium in cases it has not seen', async () => {
  const { losses, dice } = await run({ iterations: 60, log: () => {} });
  expect(losses.at(-1) / losses[0]).toBeLessThan(0.6);
  expect(dice).toBeGreaterThan(0.25);
});
