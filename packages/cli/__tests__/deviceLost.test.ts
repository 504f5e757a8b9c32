import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing } from '../../backend-webgpu/__tests__/adapter.js';
import type { CrlnWebGpuBackend } from '../../backend-webgpu/src/backend.js';
import { crln } from './terminal.js';
import { TINY, workspace } from './workspace.js';

const title = missing ? `crln train on a GPU that is lost (skipped: ${missing})` : 'crln train on a GPU that is lost';
(missing ? describe.skip : describe)(title, () => {
  let space: Awaited<ReturnType<typeof workspace>>;
  beforeAll(async () => {
    space = await workspace();
  });
  afterAll(() => space.remove());

  it('says so in one line and ends with 1; its run goes on', async () => {
    const run = space.at('run');
    const small = ['--set', 'data.phantom={"train":3,"val":0,"test":1,"shape":[16,12,8]}', '--labelled', '1'];
    const words = [
      '--data',
      'phantom',
      '--method',
      'supervised',
      ...TINY.slice(0, 6),
      ...small,
      '--set',
      'saveEvery=4',
    ];
    const training = crln(['train', '--out', run, ...words, '--iterations', '100', '--backend', 'webgpu']);
    while (!existsSync(`${run}/last.json`)) await new Promise((wait) => setTimeout(wait, 5));
    (tf.backend() as CrlnWebGpuBackend).device.gpu.destroy();
    const { code, err } = await training;
    expect(code).toBe(1);
    const lines = err
      .trim()
      .split('\n')
      .filter((line) => line.includes('lost'));
    expect(lines).toEqual([expect.stringMatching(/^crln train: crln-webgpu: the device was lost \(destroyed\)/)]);
    expect(err.trim().split('\n').at(-1)).toBe(lines[0]);

    const done = await crln(['train', '--out', run, '--resume', '--backend', 'wasm', '--json']);
    expect(done.json()).toMatchObject({ iteration: 100, finished: true });
  });
});
