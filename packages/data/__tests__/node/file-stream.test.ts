import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileStream } from '../../src/node/file-stream.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crln-stream-'));
});
afterAll(() => rm(dir, { recursive: true }));

describe('fileStream', () => {
  it('hands out a file from beginning to end, and knows its length', async () => {
    const bytes = Uint8Array.from({ length: 700_000 }, (_, n) => n * 7);
    await writeFile(join(dir, 'a'), bytes);
    const stream = await fileStream(join(dir, 'a'));
    expect(stream).toMatchObject({ name: join(dir, 'a'), length: 700_000, most: 700_000 });
    expect(await stream.take(5)).toEqual(bytes.subarray(0, 5));
    expect(Buffer.compare(await stream.take(1e9), bytes.subarray(5))).toBe(0);
    expect(await stream.next()).toBeUndefined();
    await stream.close();
  });

  it('ends where a file that grows or shrinks meanwhile ends', async () => {
    await writeFile(join(dir, 'b'), new Uint8Array(600_000));
    const [a, b] = [await fileStream(join(dir, 'b')), await fileStream(join(dir, 'b'))];
    await appendFile(join(dir, 'b'), 'more');
    expect(await a.skip(1e9)).toBe(600_000);
    await b.peek(1);
    await truncate(join(dir, 'b'), 10);
    expect(await b.skip(1e9)).toBeLessThan(600_000);
    await Promise.all([a.close(), b.close()]);
  });

  it('reads no folder, and no device that never ends', async () => {
    await expect(fileStream(dir)).rejects.toThrow(/cannot be read \(it is a folder\)/);
    if (process.platform === 'win32') return;
    await expect(fileStream('/dev/zero')).rejects.toMatchObject({
      code: 'file-access',
      message: '/dev/zero: cannot be read (it is no regular file)',
    });
  });
});
