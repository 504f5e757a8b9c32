import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BatchLoader, batchLoader, type LoaderOptions } from '../../src/loader/loader.js';
import { type CaseSource, caseSource } from '../../src/loader/source.js';
import { openFolder } from '../../src/node/folder.js';
import { WorkerPool } from '../../src/node/pool.js';
import { workerLoader } from '../../src/node/worker-loader.js';
import { writeDataset } from '../../src/node/write-dataset.js';
import { fitRecipe } from '../../src/recipe.js';
import { selectSplits } from '../../src/splits.js';
import { options, scans, source } from '../loader/cases.js';

let dir: string;
let fromFiles: CaseSource;
const opened: BatchLoader[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crln-loader-'));
  await writeDataset(dir, scans, { train: [...'abcdef'], labelled: ['a', 'b'], test: [] });
  const folder = await openFolder(dir);
  fromFiles = caseSource(folder, selectSplits(folder), await fitRecipe(scans, { normalisation: 'minmax' }));
});
afterAll(() => rm(dir, { recursive: true }));
afterEach(async () => {
  for (const loader of opened.splice(0)) await loader.close();
});

function open(workers: number, from: CaseSource, given: LoaderOptions = options): BatchLoader {
  const loader = workerLoader({ workers })(from, given);
  opened.push(loader);
  return loader;
}

describe('workerLoader', () => {
  it.each([
    ['labelled patches only', { unlabelled: false, strong: false }, {}],
    ['unlabelled ones too', { unlabelled: true, strong: false }, {}],
    ['strongly augmented ones too', { unlabelled: true, strong: true }, {}],
    ['cases that do not stay in memory', { unlabelled: true, strong: true }, { cacheBytes: 1 }],
  ])('makes the same bits with 0, 1 and 4 workers: %s', async (_, needs, more) => {
    const given = { ...options, ...more, needs, batch: [2, 2] as const, iterations: 6 };
    const batches = async (loader: BatchLoader) => {
      const made = [];
      for (let iteration = 0; iteration < 6; iteration++) made.push(await loader.batch(iteration));
      return made;
    };
    const inLine = await batches(batchLoader(await source(), given));
    expect(inLine.map(({ unlabelled }) => [!!unlabelled, !!unlabelled?.strong])[0]).toEqual([
      needs.unlabelled,
      needs.strong,
    ]);
    for (const from of [await source(), fromFiles])
      for (const workers of [1, 4]) expect(await batches(open(workers, from, given))).toEqual(inLine);
  });

  it('goes on in the middle with the same batch, also in another order', async () => {
    const inLine = batchLoader(await source(), options);
    const loader = open(2, fromFiles);
    for (const iteration of [40, 41, 7, 7])
      expect(await loader.batch(iteration)).toEqual(await inLine.batch(iteration));
  });

  it('loads a case once, with workers that read files and without', async () => {
    const given = await source();
    const loaded: string[] = [];
    const load = async (id: string) => {
      loaded.push(id);
      return given.load(id);
    };
    const loader = open(2, { ...given, load });
    for (let i = 0; i < 20; i++) await loader.batch(i);
    expect(loaded.sort()).toEqual([...'abcdef']);
    const reading = open(2, { ...fromFiles, load: () => expect.unreachable('the workers read files') });
    for (let i = 0; i < 20; i++) await reading.batch(i);
  });

  it('is the loader without workers where there shall be none, and refuses half of one', () => {
    expect(workerLoader({ workers: 0 })).toBe(batchLoader);
    for (const workers of [-1, 1.5, Number.NaN]) expect(() => workerLoader({ workers })).toThrow('workers: expected');
  });
});

describe('workerLoader, where something is wrong', () => {
  const told = async (loader: BatchLoader) => {
    for (let i = 0; i < 20; i++) {
      try {
        await loader.batch(i);
      } catch (error) {
        const { name, message, code, fields } = error as Error & { code: string; fields: unknown };
        return { iteration: i, name, message, code, fields };
      }
    }
    return undefined;
  };

  it('tells of a damaged file, a missing one, and a labelled case without a label as the thread itself does, in the same iteration', async () => {
    const { recipe } = fromFiles.files!('a')!;
    for (const [damage, code] of [
      [(path: string) => writeFile(path, 'no volume'), 'file-format'],
      [(path: string) => rm(path), 'file-not-found'],
    ] as const) {
      const other = await mkdtemp(join(tmpdir(), 'crln-loader-'));
      await writeDataset(other, scans, { train: [...'abcdef'], labelled: ['a', 'b'], test: [] });
      const folder = await openFolder(other);
      await damage(folder.files!('e').image);
      const from = caseSource(folder, selectSplits(folder), recipe);
      const inLine = await told(batchLoader(from, options));
      expect(inLine).toMatchObject({
        name: 'CrlnError',
        code,
        message: expect.stringContaining(folder.files!('e').image),
      });
      expect(inLine!.iteration).toBeGreaterThan(0);
      for (const workers of [1, 4]) expect(await told(open(workers, from))).toEqual(inLine);
      await rm(other, { recursive: true });
    }
    const bare = { ...fromFiles, labelled: ['c'] };
    const inLine = await told(batchLoader(bare, options));
    expect(inLine).toMatchObject({ code: 'invalid-data', fields: { id: 'c' } });
    expect(await told(open(1, bare))).toEqual(inLine);
  });

  it('passes on what is no error of ours', async () => {
    const from = await source();
    const broken = { ...from, load: () => Promise.reject(new RangeError('the disk is on fire')) };
    await expect(open(1, broken).batch(0)).rejects.toThrow(new RangeError('the disk is on fire'));
  });

  it('ends at once when it is closed: what is on its way fails, and nothing comes after that', async () => {
    const loader = open(1, fromFiles);
    const coming = loader.batch(0);
    await loader.close();
    await expect(coming).rejects.toMatchObject({ code: 'aborted' });
    await expect(loader.batch(1)).rejects.toMatchObject({ code: 'aborted' });
    await loader.close();
  });
});

describe('WorkerPool', () => {
  const script = async (text: string) => {
    const file = join(dir, `${(await readdir(dir)).length}.mjs`);
    await writeFile(
      file,
      `import { parentPort, threadId } from 'node:worker_threads';\nparentPort.on('message', ({ job, request }) => { ${text} });`,
    );
    return new URL(`file://${file}`);
  };

  it('fails what a worker was doing when it died, and goes on with a new one', async () => {
    const pool = new WorkerPool(
      await script("if (request === 'die') process.exit(3); parentPort.postMessage({ job, value: threadId });"),
      { size: 1 },
    );
    const first = await pool.run('live');
    await expect(pool.run('die')).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('exit code 3'),
    });
    expect(await pool.run('live')).not.toBe(first);
    await pool.close();
  });

  it('tells where a worker could not start', async () => {
    const pool = new WorkerPool(new URL(`file://${dir}/nothing.mjs`), { size: 1 });
    await expect(pool.run(1)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('nothing.mjs'),
    });
    await pool.close();
  });
});
