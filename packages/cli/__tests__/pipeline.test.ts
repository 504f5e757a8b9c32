import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { labelCounts, withData } from '@crln/data';
import { openFolder, readVolume, writeDataset } from '@crln/data/node';
import { METHODS } from '@crln/train';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crln } from './terminal.js';
import { filesBelow, TINY, workspace } from './workspace.js';

type Space = Awaited<ReturnType<typeof workspace>>;

describe('train, evaluate, predict, metrics, info', () => {
  let space: Space;
  const phantom = (...more: string[]) =>
    crln(['phantom', '--shape', '16,12,8', '--train', '4', '--labelled', '2', '--val', '1', '--test', '2', ...more]);

  beforeAll(async () => {
    space = await workspace();
    expect((await phantom('--out', space.at('two'))).code).toBe(0);
    expect((await phantom('--out', space.at('three'), '--classes', '3')).code).toBe(0);
  });
  afterAll(() => space.remove());

  it.each(Object.keys(METHODS))('%s trains on a folder, and its run is scored and used', async (method) => {
    const run = space.at(`run-${method}`);
    const trained = await crln([
      'train',
      '--data',
      space.at('two'),
      '--out',
      run,
      '--method',
      method,
      ...TINY,
      '--json',
    ]);
    expect(trained.err).toBe('');
    expect(trained.json()).toMatchObject({
      method,
      iteration: 2,
      finished: true,
      labelled: 2,
      unlabelled: 2,
      split: 'val',
    });
    expect(trained.code).toBe(0);
    expect(await filesBelow(run)).toEqual(
      expect.arrayContaining(['config.json', 'metrics.jsonl', 'last.json', 'progress.svg', 'report.html', 'report.md']),
    );

    const scored = await crln(['evaluate', '--run', run, '--json']);
    expect(scored.code).toBe(0);
    const { cases, summary } = scored.json() as { cases: { id: string }[]; summary: { cases: number } };
    expect(cases.map(({ id }) => id)).toEqual(['atria-0000', 'atria-0001']);
    expect(summary.cases).toBe(2);
    const log = await readFile(`${run}/metrics.jsonl`, 'utf8');
    expect(
      log
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .filter((line) => line.split === 'test'),
    ).toHaveLength(1);

    const input = space.at('two', 'images', 'atria-0001.nii.gz');
    const output = space.at(`${method}.nii.gz`);
    const predicted = await crln(['predict', '--run', run, '--input', input, '--output', output]);
    expect(predicted.code).toBe(0);
    const [scan, labels] = [await readVolume(input), await readVolume(output)];
    expect([labels.shape, labels.affine]).toEqual([scan.shape, scan.affine]);

    const reference = space.at('two', 'labels', 'atria-0001.nii.gz');
    const compared = await crln(['metrics', '--prediction', output, '--reference', reference, '--json']);
    expect((compared.json() as { cases: { mean: unknown }[] }).cases[0]!.mean).toEqual(
      (cases[1] as unknown as { mean: unknown }).mean,
    );
  });

  it.each(Object.keys(METHODS))('%s trains on the cpu backend too', async (method) => {
    const words = ['train', '--data', space.at('two'), '--out', space.at(`cpu-${method}`), '--method', method];
    const trained = await crln([...words, ...TINY, '--backend', 'cpu', '--json']);
    expect(trained.json()).toMatchObject({ method, iteration: 2, finished: true, split: 'val' });
    const config = JSON.parse(await readFile(space.at(`cpu-${method}`, 'config.json'), 'utf8'));
    expect(config.backend.name).toBe('cpu');
  });

  it('names every method in its help', async () => {
    const { out } = await crln(['train', '--help']);
    for (const method of Object.keys(METHODS))
      expect(out.replace(/\s+/g, ' ')).toMatch(new RegExp(`[ ,]${method}[ ,]`));
  });

  it('compares runs in one report', async () => {
    const runs = [space.at('run-supervised'), space.at('run-crln')];
    const { code, out, err } = await crln(['report', ...runs, '--out', space.at('report'), '--title', 'Two methods']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^run-supervised +2 +last \(2\)/m);
    expect(out).toMatch(/^run-crln +2 +last \(2\)/m);
    const page = await readFile(space.at('report', 'report.html'), 'utf8');
    expect(page).toContain('Two methods');
    const none = await crln(['report', space.at('two'), '--out', space.at('report')]);
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('is not a run')]);
  });

  it('predicts a folder, with probabilities that sum to one', async () => {
    const out = ['--output', space.at('labels'), '--probabilities', space.at('maps')];
    const words = [
      'predict',
      '--run',
      space.at('run-supervised'),
      '--input',
      space.at('two', 'images'),
      ...out,
      '--json',
    ];
    const { code, json } = await crln(words);
    expect(code).toBe(0);
    expect((json() as { written: string[] }).written).toHaveLength(7);
    expect(await filesBelow(space.at('maps'))).toHaveLength(7);
    // NIfTI: classes are the fourth dimension, each a whole volume.
    const bytes = gunzipSync(await readFile(space.at('maps', 'atria-0000.nii.gz')));
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    expect([1, 2, 3, 4].map((n) => view.getInt16(40 + 2 * n, true))).toEqual([16, 12, 8, 2]);
    const first = view.getFloat32(108, true);
    const voxels = 16 * 12 * 8;
    for (let v = 0; v < voxels; v++) {
      const [a, b] = [view.getFloat32(first + 4 * v, true), view.getFloat32(first + 4 * (v + voxels), true)];
      expect(a >= 0 && b >= 0).toBe(true);
      expect(a + b).toBeCloseTo(1, 5);
    }
  });

  it('trains, evaluates and predicts three classes; labels 1, 2, 4 come back as such', async () => {
    const set = await openFolder(space.at('three'));
    async function* relabelled() {
      for (const id of set.cases()) {
        const { image, label } = await set.load(id);
        yield {
          id,
          image,
          label: withData(
            label!,
            Uint8Array.from(label!.data, (v) => [0, 1, 4][v]!),
          ),
        };
      }
    }
    await writeDataset(space.at('four'), relabelled(), set.splits);
    const run = space.at('run-three');
    // A high rate and many labels: the network shall not predict background alone.
    const words = ['--method', 'supervised', '--labelled', '4', '--lr', '0.05', '--iterations', '30'];
    const trained = await crln(['train', '--data', space.at('four'), '--out', run, ...TINY.slice(0, 6), ...words]);
    expect(trained.err).toContain('supervised on 4 labelled');
    expect(trained.code).toBe(0);
    const { out } = await crln(['evaluate', '--run', run, '--split', 'val']);
    expect(out).toMatch(/label/);
    const output = space.at('three.nii');
    const input = space.at('four', 'images', 'atria-2000.nii.gz');
    expect((await crln(['predict', '--run', run, '--input', input, '--output', output])).code).toBe(0);
    const values = [...labelCounts(await readVolume(output), output).keys()];
    for (const value of values) expect([0, 1, 4]).toContain(value);
    const config = JSON.parse(await readFile(`${run}/config.json`, 'utf8'));
    expect(config.recipe.labels).toEqual([0, 1, 4]);
    const names = ['cli', 'core', 'backend-wasm', 'backend-webgpu', 'ops', 'layers', 'losses', 'data', 'train'].map(
      (n) => `@crln/${n}`,
    );
    const packages = ['node', 'webgpu', '@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', ...names].sort();
    expect(Object.keys(config.packages).sort()).toEqual(packages);
  });

  it('goes on where it was stopped, and equals a run that was not', async () => {
    const words = [
      'train',
      '--data',
      space.at('two'),
      '--method',
      'supervised',
      ...TINY,
      '--set',
      'iterations=6',
    ].filter((word, i, all) => word !== '--iterations' && all[i - 1] !== '--iterations');
    expect((await crln([...words, '--out', space.at('whole')])).code).toBe(0);
    const stop = new AbortController();
    const stopped = crln([...words, '--out', space.at('parts')], { signal: stop.signal });
    // As soon as the run exists, as an impatient user would.
    while (!(await filesBelow(space.at('parts'))).includes('config.json')) await new Promise((r) => setTimeout(r, 1));
    stop.abort();
    const outcome = await stopped;
    expect(outcome.code).toBe(130);
    expect(outcome.out).toContain('--resume');
    const resumed = await crln(['train', '--out', space.at('parts'), '--resume', '--json']);
    expect(resumed.json()).toMatchObject({ iteration: 6, finished: true });
    for (const file of ['model-student', 'model-teacher', 'optimizer-student']) {
      const path = `checkpoints/6/${file}.safetensors`;
      expect(await readFile(space.at('parts', path))).toEqual(await readFile(space.at('whole', path)));
    }
  });

  it('trains the same network with any number of workers, and goes on with another one, and with activations computed again', async () => {
    const words = ['train', '--data', space.at('two'), ...TINY];
    const weights = (run: string) => readFile(space.at(run, 'checkpoints/2/model-student.safetensors'));
    for (const workers of ['0', '3']) {
      const outcome = await crln([...words, '--out', space.at(`workers-${workers}`), '--workers', workers, '--json']);
      expect(outcome.code).toBe(0);
      expect(outcome.json().waiting).toBeGreaterThan(0);
      expect(outcome.json().waiting).toBeLessThan(1);
    }
    expect(await weights('workers-3')).toEqual(await weights('workers-0'));
    for (const other of [
      ['--workers', '1'],
      ['--set', 'network.recompute=true'],
    ]) {
      const resumed = await crln(['train', '--out', space.at('workers-0'), '--resume', ...other]);
      expect(resumed.err).not.toContain('other settings');
      expect(resumed.code).toBe(0);
    }
    const wrong = await crln([...words, '--out', space.at('wrong'), '--workers', '-1']);
    expect(wrong.code).toBe(2);
  });

  it('says on how many threads it runs, and takes a number of them in every command that uses a network', async () => {
    const trained = await crln([
      'train',
      '--data',
      space.at('two'),
      '--out',
      space.at('threads'),
      ...TINY,
      '--threads',
      '2',
    ]);
    expect(trained.err).toMatch(/Backend wasm \((relaxed-)?simd, \d+ threads?\)/);
    const rest = { evaluate: [], predict: ['--input', space.at('two', 'images'), '--output', space.at('threads-out')] };
    for (const [command, words] of Object.entries(rest)) {
      const run = [command, '--run', space.at('threads'), ...words, '--threads'];
      expect((await crln([...run, '2'])).code).toBe(0);
      const wrong = await crln([...run, '0']);
      expect(wrong.code).toBe(2);
      expect(wrong.err).toContain('--threads');
    }
  });

  it('says what a volume, a data set and a run are', async () => {
    const volume = await crln(['info', space.at('two', 'labels', 'atria-0000.nii.gz'), '--json']);
    expect(volume.json()).toMatchObject({ kind: 'volume', shape: [16, 12, 8], dtype: 'uint8', orientation: 'RAS' });
    const set = await crln(['info', space.at('two'), '--json']);
    expect(set.json()).toMatchObject({
      kind: 'data set',
      cases: 7,
      splits: { train: 4, labelled: 2, val: 1, test: 2 },
    });
    const run = await crln(['info', space.at('run-crln'), '--json']);
    expect(run.json()).toMatchObject({ kind: 'run', last: 2, seed: 0 });
  });

  it('trains on the phantom without a file', async () => {
    const small = ['--set', 'data.phantom={"train":3,"val":0,"test":1,"shape":[16,12,8]}', '--labelled', '1'];
    const outcome = await crln([
      'train',
      '--data',
      'phantom',
      '--out',
      space.at('memory'),
      ...TINY,
      ...small,
      '--json',
    ]);
    expect(outcome.json()).toMatchObject({ method: 'crln', labelled: 1, unlabelled: 2, split: 'test' });
  });
});
