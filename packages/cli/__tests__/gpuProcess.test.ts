import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing } from '../../backend-webgpu/__tests__/adapter.js';
import { crlnProcess, opsProcess } from './process.js';
import { filesBelow, workspace } from './workspace.js';

/** Follows a process to its end, interrupting it once a file is there; kills it where it does not end by itself. */
async function follow(child: ChildProcess, interruptAt?: string) {
  let said = '';
  child.stderr!.on('data', (text) => {
    said += text;
  });
  const patience = setTimeout(() => child.kill('SIGKILL'), 100_000);
  const watch = setInterval(() => {
    if (interruptAt === undefined || !existsSync(interruptAt)) return;
    child.kill('SIGINT');
    clearInterval(watch);
  }, 10);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done) => {
    child.on('close', (...how) => done(how));
  });
  clearInterval(watch);
  clearTimeout(patience);
  return { code, signal, said };
}

const title = missing ? `a process with a GPU (skipped: ${missing})` : 'a process with a GPU';
(missing ? describe.skip : describe)(title, () => {
  let space: Awaited<ReturnType<typeof workspace>>;
  beforeAll(async () => {
    space = await workspace();
  });
  afterAll(() => space.remove());

  describe('ends by itself, and as it should', () => {
    let start: Awaited<ReturnType<typeof opsProcess>>;
    beforeAll(async () => {
      start = await opsProcess(space.at());
    });

    const begin = `
      import { useBackend } from './dist/ops.js';
      import * as tf from '@tensorflow/tfjs-core';
      await useBackend('webgpu');
      const y = tf.matMul(tf.ones([40, 40]), tf.ones([40, 40]));`;
    const check = `if ((await y.data())[0] !== 40) process.exit(9);`;

    it.each<[string, string, number]>([
      ['at the end of its work', check, 0],
      ['at the end of work that nobody reads', '', 0],
      [
        'at the end, though the garbage collector ran before',
        `gc(); await new Promise(setImmediate); gc(); ${check}`,
        0,
      ],
      ['where the backend was removed', `${check} tf.removeBackend('crln-webgpu');`, 0],
      ['at an exception', `${check} throw new Error('in the middle');`, 1],
      ['at an exception while values are read', `void y.data(); throw new Error('in the middle');`, 1],
      ['where it is told to while values are read', 'void y.data(); process.exit(3);', 3],
    ])('%s', async (_, work, code) => {
      const end = await follow(start(`${begin} ${work}`, ['--expose-gc']));
      expect(end, end.said).toMatchObject({ code, signal: null });
      if (code === 1) expect(end.said).toContain('Error: in the middle');
    });
  });

  it('crln train: Ctrl-C saves, and what goes on from there equals a run that was not interrupted', async () => {
    const start = await crlnProcess(space.at('crln'));
    const train = (name: string) => [
      ...['train', '--data', 'phantom', '--out', space.at(name), '--method', 'mean-teacher', '--labelled', '1'],
      ...['--backend', 'webgpu', '--iterations', '60', '--patch', '8,8,4', '--base-filters', '2', '--levels', '2'],
      ...['--set', 'saveEvery=4', '--set', 'logEvery=1'],
      ...['--set', 'data.phantom={"train":3,"val":0,"test":1,"shape":[16,12,8]}'],
    ];
    const whole = await follow(start(train('whole')));
    expect(whole, whole.said).toMatchObject({ code: 0, signal: null });

    const stopped = await follow(start(train('parts')), space.at('parts', 'last.json'));
    expect(stopped, stopped.said).toMatchObject({ code: 130, signal: null });
    const { iteration } = JSON.parse(await readFile(space.at('parts', 'last.json'), 'utf8'));
    expect(iteration).toBeGreaterThan(0);
    expect(iteration).toBeLessThan(60);
    expect((await filesBelow(space.at('parts'))).filter((name) => /\.(new|writing)/.test(name))).toEqual([]);

    const resumed = await follow(start(['train', '--out', space.at('parts'), '--resume']));
    expect(resumed, resumed.said).toMatchObject({ code: 0, signal: null });
    for (const file of [
      'metrics.jsonl',
      ...['student', 'teacher'].map((m) => `checkpoints/60/model-${m}.safetensors`),
    ]) {
      expect(await readFile(space.at('parts', file)), file).toEqual(await readFile(space.at('whole', file)));
    }
  });
});
