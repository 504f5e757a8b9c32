import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeAtomic, writeAtomicFiles } from '../../src/node/atomic.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crln-atomic-'));
});
afterEach(() => rm(dir, { recursive: true }));

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
async function* failing(error: Error): AsyncGenerator<Uint8Array, void> {
  yield bytes(1, 2, 3);
  throw error;
}
const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

describe('writeAtomic', () => {
  it('writes parts one after the other', async () => {
    await writeAtomic(join(dir, 'a'), [bytes(1, 2), bytes(), bytes(3)]);
    expect([...(await readFile(join(dir, 'a')))]).toEqual([1, 2, 3]);
  });

  it('leaves the old file and no other where the disk is full half way', async () => {
    await writeFile(join(dir, 'a'), 'old');
    await expect(writeAtomic(join(dir, 'a'), failing(full))).rejects.toMatchObject({
      code: 'file-access',
      message: `${join(dir, 'a')}: cannot be written (the disk is full)`,
    });
    expect(await readdir(dir)).toEqual(['a']);
    expect(await readFile(join(dir, 'a'), 'utf8')).toBe('old');
  });
});

describe('an error of writing', () => {
  it('says where there is no folder, and where a file is in its place', async () => {
    const at = (...parts: string[]) => writeAtomic(join(dir, ...parts), bytes(1));
    await expect(at('nowhere', 'a')).rejects.toThrow(/nowhere.a: cannot be written \(its folder is not there\)$/);
    await writeFile(join(dir, 'file'), '');
    await expect(at('file', 'a')).rejects.toThrow(
      /file.a: cannot be written \(there is a file where a folder is needed\)$/,
    );
  });
});

describe('writeAtomicFiles', () => {
  it('writes all, replacing what was there', async () => {
    await writeFile(join(dir, 'a'), 'old');
    await writeAtomicFiles([
      { path: join(dir, 'a'), content: bytes(1) },
      { path: join(dir, 'b'), content: bytes(2) },
    ]);
    expect(await readdir(dir)).toEqual(['a', 'b']);
    expect([...(await readFile(join(dir, 'a')))]).toEqual([1]);
  });

  it('writes none where the content of one cannot be made', async () => {
    await writeFile(join(dir, 'b'), 'old');
    const files = [
      { path: join(dir, 'a'), content: bytes(1) },
      { path: join(dir, 'b'), content: failing(full) },
    ];
    await expect(writeAtomicFiles(files)).rejects.toThrow(/b: cannot be written \(the disk is full\)/);
    expect(await readdir(dir)).toEqual(['b']);
    expect(await readFile(join(dir, 'b'), 'utf8')).toBe('old');
  });

  it.each([true, false])(
    'puts the first back where the last cannot be renamed (an old one there: %s)',
    async (there) => {
      if (there) await writeFile(join(dir, 'a'), 'old');
      await mkdir(join(dir, 'b', 'inside'), { recursive: true });
      const files = ['a', 'b'].map((name) => ({ path: join(dir, name), content: bytes(1) }));
      await expect(writeAtomicFiles(files)).rejects.toMatchObject({ code: 'file-access' });
      expect(await readdir(dir)).toEqual(there ? ['a', 'b'] : ['b']);
      if (there) expect(await readFile(join(dir, 'a'), 'utf8')).toBe('old');
    },
  );
});
