import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stream, type Triple } from '@crln/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeHdf5 } from '../../src/node/hdf5/write.js';
import {
  checkPrepared,
  lockFolder,
  openFolder,
  type PrepareOptions,
  prepareDataset,
  writeVolume,
} from '../../src/node.js';
import { protocolOf } from '../../src/protocols/index.js';
import { volume } from '../../src/volume.js';
import { ballCase } from '../protocols/scans.js';

const { train, test } = protocolOf('la').splits;
/** The first two for training, the first for testing. */
const IDS = [train[0]!, train[1]!, test[0]!];
const SHAPE: Triple = [28, 24, 20];

const SPACING: Triple = [0.625, 0.625, 0.625];

/** A file as it is published: z-scores and a label. */
async function publish(raw: string, id: string, value = 1): Promise<void> {
  const rng = stream(1, id);
  const image = Float32Array.from({ length: SHAPE[0] * SHAPE[1] * SHAPE[2] }, (_, n) => ((n * 31) % 100) / 25 - 2);
  image[0] = rng.uniform();
  const label = new Uint8Array(image.length);
  label.fill(value, 5000, 6000);
  const path = join(raw, id, 'mri_norm2.h5');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(
    path,
    await encodeHdf5(path, {
      image: volume(image, SHAPE, { spacing: SPACING }),
      label: volume(label, SHAPE, { spacing: SPACING }),
    }),
  );
}

let dir: string;
let raw: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crln-prepare-'));
  raw = join(dir, 'raw');
  for (const id of [...IDS, 'STRANGER']) await publish(raw, id);
});
afterAll(() => rm(dir, { recursive: true }));

const prepare = (out: string, rest: Partial<PrepareOptions> = {}) =>
  prepareDataset({ protocol: 'la', from: raw, out: join(dir, out), partial: true, workers: 2, ...rest });

describe('prepareDataset', () => {
  it('makes a folder that opens as a data set, says what is missing and what it left alone, and does nothing twice', async () => {
    const first = await prepare('first');
    expect([...first.made].sort()).toEqual([...IDS].sort());
    expect(first.missing).toHaveLength(97);
    expect(first.others).toEqual(['STRANGER']);
    const facts = first.manifest.cases[IDS[0]!]!;
    expect(facts).toMatchObject({ shape: SHAPE, spacing: [0.625, 0.625, 0.625], file: `cases/${IDS[0]}.h5` });
    expect(facts.foreground).toBeCloseTo(1000 / (28 * 24 * 20), 10);
    expect(facts.intensities).toBe(101);
    expect(facts.source[0]!.sha256).toMatch(/^[0-9a-f]{64}$/);
    const set = await openFolder(join(dir, 'first'));
    expect(set.splits).toEqual({ train: IDS.slice(0, 2), test: IDS.slice(2) });
    expect(set.recipe).toMatchObject({ orientation: 'native', normalisation: 'minmax', labels: [0, 1] });
    const one = await set.load(IDS[0]!);
    expect(one.image).toMatchObject({ shape: SHAPE, spacing: [0.625, 0.625, 0.625], dtype: 'float32' });
    expect(one.label).toMatchObject({ dtype: 'uint8' });
    const again = await prepare('first');
    expect(again.made).toEqual([]);
    expect([...again.kept].sort()).toEqual([...IDS].sort());
  });

  it('makes the same files with one worker and with two', async () => {
    await prepare('one', { workers: 1 });
    const bytes = (out: string) => readFile(join(dir, out, 'cases', `${IDS[0]}.h5`));
    expect((await bytes('one')).equals(await bytes('first'))).toBe(true);
  });

  it('makes again what was damaged, and only that', async () => {
    await prepare('damaged');
    const path = join(dir, 'damaged', 'cases', `${IDS[1]}.h5`);
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, 1000));
    await writeFile(join(dir, 'damaged', 'cases', '.x.h5.1.0.tmp'), 'left by a killed process');
    const again = await prepare('damaged');
    expect(again.made).toEqual([IDS[1]]);
    expect((await readFile(path)).equals(whole)).toBe(true);
    expect(await readdir(join(dir, 'damaged', 'cases'))).toHaveLength(3);
  });

  it('goes on where it was killed before its first case was noted', async () => {
    const abort = new AbortController();
    abort.abort();
    await expect(prepare('killed', { signal: abort.signal })).rejects.toMatchObject({ code: 'aborted' });
    await mkdir(join(dir, 'killed', 'cases'));
    await writeFile(join(dir, 'killed', 'cases', `${IDS[0]}.h5`), 'written, not noted');
    await writeFile(join(dir, 'killed', '.manifest.json.1.0.tmp'), 'half of it');
    expect((await prepare('killed')).made).toHaveLength(3);
    expect((await readdir(join(dir, 'killed'))).sort()).toEqual([
      'cases',
      'manifest.json',
      'recipe.json',
      'splits.json',
    ]);
  });

  it('makes again what the manifest says too little of, and refuses one that is none', async () => {
    await prepare('manifest');
    const path = join(dir, 'manifest', 'manifest.json');
    const manifest = JSON.parse(await readFile(path, 'utf8'));
    const { shape, ...rest } = manifest.cases[IDS[1]!];
    await writeFile(path, JSON.stringify({ ...manifest, cases: { ...manifest.cases, [IDS[1]!]: rest, X: null } }));
    const again = await prepare('manifest');
    expect(again.made).toEqual([IDS[1]]);
    expect(again.manifest.cases[IDS[1]!]).toMatchObject({ shape });
    for (const cases of [null, [], 'none', undefined]) {
      await writeFile(path, JSON.stringify({ ...manifest, cases }));
      await expect(prepare('manifest')).rejects.toMatchObject({
        code: 'file-format',
        message: expect.stringMatching(/manifest\.json: this is no manifest .*; restore it, or remove the folder/),
      });
    }
  });

  it('makes a case again that now has a better source', async () => {
    const from = join(dir, 'better');
    await publish(from, IDS[0]!);
    await prepare('of-better', { from });
    const { image, label } = ballCase([60, 50, 20], [30, 25, 10], 8, { value: 255, spacing: SPACING });
    await writeVolume(join(from, IDS[0]!, 'lgemri.nrrd'), image);
    await writeVolume(join(from, IDS[0]!, 'laendo.nrrd'), label);
    const again = await prepare('of-better', { from });
    expect(again.made).toEqual([IDS[0]]);
    expect(again.manifest.cases[IDS[0]!]!.source).toHaveLength(2);
  });

  it('finds cases whose folders are links, and does not follow a link in circles', async () => {
    const linked = join(dir, 'linked');
    await mkdir(linked);
    for (const id of IDS) await symlink(join(raw, id), join(linked, id), 'dir');
    await symlink(linked, join(linked, 'again'), 'dir');
    await symlink(join(dir, 'nowhere'), join(linked, 'broken'));
    expect((await prepare('of-links', { from: linked })).made).toHaveLength(3);
  });

  it.skipIf(process.platform === 'win32')('prepares the others where a file cannot be read', async () => {
    const odd = join(dir, 'odd');
    for (const id of IDS) await publish(odd, id);
    const made: string[] = [];
    const run = prepare('of-odd', {
      from: odd,
      workers: 1,
      onCase({ id, fact }) {
        if (fact) made.push(id);
        if (id !== IDS[0]) return;
        rmSync(join(odd, IDS[1]!, 'mri_norm2.h5'));
        execFileSync('mkfifo', [join(odd, IDS[1]!, 'mri_norm2.h5')]);
      },
    });
    await expect(run).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringMatching(/mri_norm2\.h5: cannot be read \(it is no regular file\)/),
    });
    expect(made).toEqual([IDS[0], IDS[2]]);
  });

  it('stops when it is told to, and goes on from there', async () => {
    const abort = new AbortController();
    const stopped = prepare('stopped', { workers: 1, signal: abort.signal, onCase: () => abort.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect(await readdir(join(dir, 'stopped'))).not.toContain('splits.json');
    const rest = await prepare('stopped');
    expect(rest.kept).toHaveLength(1);
    expect(rest.made).toHaveLength(2);
  });

  it('prepares the others where a case is bad, and names it', async () => {
    const bad = join(dir, 'bad');
    for (const id of IDS) await publish(bad, id, id === IDS[1] ? 3 : 1);
    await writeFile(join(bad, IDS[2]!, 'mri_norm2.h5'), 'no HDF5');
    const failed: string[] = [];
    const run = prepare('of-bad', {
      from: bad,
      onCase({ error }) {
        if (error) failed.push((error as Error).message);
      },
    });
    await expect(run).rejects.toMatchObject({ code: 'invalid-data', message: expect.stringMatching(/^2 of 3 cases/) });
    expect(failed.sort()).toEqual(
      [
        expect.stringMatching(/mri_norm2\.h5: 1000 voxels have the label value 3, the first at \[10,10,0\]/),
        expect.stringMatching(/mri_norm2\.h5: /),
      ].sort(),
    );
    expect(await readdir(join(dir, 'of-bad', 'cases'))).toEqual([`${IDS[0]}.h5`]);
  });

  it('refuses a folder that another process prepares, takes over from one that is gone', async () => {
    const out = join(dir, 'locked');
    await mkdir(out);
    const lock = await lockFolder(out);
    await expect(prepare('locked')).rejects.toMatchObject({
      code: 'file-access',
      message: expect.stringMatching(/locked is in use by process \d+/),
    });
    await lock.release();
    const gone = { pid: 2 ** 22 + 1, host: hostname(), started: null, token: 'x' };
    await writeFile(join(out, '.lock'), JSON.stringify(gone));
    expect((await prepare('locked')).made).toHaveLength(3);
    expect(await readdir(out)).not.toContain('.lock');
  });

  it('lets only one of two preparations at once into a folder', async () => {
    const both = await Promise.allSettled([prepare('twice'), prepare('twice')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('refuses what it cannot go on with, and says why', async () => {
    await expect(prepare('first', { seed: 1 })).rejects.toThrow(
      /first was prepared as la with seed 0, not as la with seed 1/,
    );
    await expect(prepare('none', { partial: false })).rejects.toThrow(
      /97 of the 100 cases of la are not there: .*--partial/,
    );
    await expect(prepare('none', { protocol: 'brats' })).rejects.toThrow(
      /it has none of the 335 cases of brats; expected NIfTI/,
    );
    await expect(prepare('none', { protocol: 'brat' })).rejects.toThrow(/did you mean 'brats'/);
    await expect(prepare('raw')).rejects.toThrow(/raw is not empty .* and no prepared folder/);
    await expect(prepare('none', { from: join(dir, 'nowhere') })).rejects.toMatchObject({ code: 'file-not-found' });
    expect(await readdir(dir)).not.toContain('none');
  });
});

describe('BraTS from NIfTI', () => {
  it('is prepared in its grid, with its own spacing said where it is another', async () => {
    const from = join(dir, 'brats');
    const id = protocolOf('brats').splits.train[0]!;
    await mkdir(join(from, 'HGG', id), { recursive: true });
    const { image } = ballCase([24, 22, 20], [12, 11, 10], 8, {
      spacing: [1, 1, 1.5],
      image: (n, inside) => (inside ? 1 + n : 0),
    });
    const { label } = ballCase([24, 22, 20], [12, 11, 10], 3, { value: 2, spacing: [1, 1, 1.5] });
    await writeVolume(join(from, 'HGG', id, `${id}_flair.nii.gz`), image);
    await writeVolume(join(from, 'HGG', id, `${id}_seg.nii.gz`), label);
    const { manifest } = await prepare('of-brats', { protocol: 'brats', from });
    expect(manifest.cases[id]).toMatchObject({
      shape: [16, 16, 16],
      notes: [
        'cropped to [16,16,16] from voxel [4,3,2] of [24,22,20]',
        "its spacing is 1.000 × 1.000 × 1.500 mm; the protocol's scans have 1 × 1 × 1 mm",
      ],
    });
    const { image: made } = await (await openFolder(join(dir, 'of-brats'))).load(id);
    expect(made.affine.filter((_, n) => n % 4 === 3)).toEqual([4, 3, 3, 1]);
  });
});

describe('checkPrepared', () => {
  it('finds nothing but the missing cases in a folder that was just made', async () => {
    const differences = await checkPrepared(join(dir, 'first'), 'la');
    expect(differences.filter(({ text }) => text === 'it is missing')).toHaveLength(97);
    // These scans are smaller than a patch.
    const small = 'its shape is [28,24,20]; expected at least [112,112,80]';
    expect(differences.filter(({ text }) => text === small)).toHaveLength(3);
    const others = differences.map(({ text }) => text).filter((text) => text !== 'it is missing' && text !== small);
    expect(others).toEqual([
      expect.stringMatching(/^splits\.json: train lacks 78 of 80 cases/),
      expect.stringMatching(/^splits\.json: test lacks 19 of 20 cases/),
    ]);
  });

  it('lists every difference: other order, label, type, spacing, intensities, damage, strangers, another protocol', async () => {
    await prepare('other');
    const out = join(dir, 'other');
    const [a, b, c] = IDS as [string, string, string];
    await writeFile(join(out, 'splits.json'), JSON.stringify({ train: [b, a], test: [c] }));
    await writeFile(join(out, 'recipe.json'), '{"format": 2}');
    const bytes = await encodeHdf5('x', {
      image: volume(new Uint8Array(8).fill(3), [2, 2, 2]),
      label: volume(Int16Array.from([0, 0, 5, 0, 0, 0, 0, 0]), [2, 2, 2]),
    });
    await writeFile(join(out, 'cases', `${a}.h5`), bytes);
    await writeFile(join(out, 'cases', `${b}.h5`), 'damaged');
    await writeFile(join(out, 'cases', 'Q.h5'), bytes);
    const found = (await checkPrepared(out, 'la')).map(({ id, text }) => `${id ?? ''}: ${text}`);
    for (const expected of [
      /^: splits\.json: train is in another order/,
      /^: recipe\.json cannot be read \(recipe\.json: format must be 1/,
      new RegExp(`^${a}: its spacing is 1 × 1 × 1 mm; expected 0\\.625`),
      new RegExp(`^${a}: its shape is \\[2,2,2\\]; expected at least \\[112,112,80\\]`),
      new RegExp(`^${a}: its image is uint8; expected float32`),
      new RegExp(`^${a}: its label is int16; expected uint8`),
      new RegExp(`^${a}: 1 voxels have the label value 5; expected one of 0, 1`),
      new RegExp(`^${a}: its intensities lie in \\[3\\.000, 3\\.000\\]; expected z-scores`),
      new RegExp(`^${a}: its file is not the one that was written: it was changed or damaged`),
      new RegExp(`^${b}: .*${b}\\.h5: `),
      /^Q: the protocol has no such case/,
    ]) {
      expect(found).toContainEqual(expect.stringMatching(expected));
    }
    expect(found.filter((text) => text.startsWith(c))).toEqual([
      `${c}: its shape is [28,24,20]; expected at least [112,112,80]`,
    ]);
    const asBrats = await checkPrepared(out, 'brats');
    expect(asBrats[0]!.text).toBe('manifest.json says that it was prepared as la; expected brats');
  });
});
