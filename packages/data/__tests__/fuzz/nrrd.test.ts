import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { RandomStream } from '@crln/core';
import { afterAll, beforeAll, it } from 'vitest';
import { readNrrd } from '../../src/index.js';
import { readVolume } from '../../src/node.js';
import { fuzz, type Target } from './fuzz.js';
import { mutate } from './mutate.js';

const golden = fileURLToPath(new URL('../golden/nrrd', import.meta.url));
let dir: string;
let seeds: { name: string; bytes: Uint8Array }[];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crln-fuzz-'));
  await cp(golden, dir, { recursive: true });
  const names = (await readdir(golden)).filter((name) => /\.n(rrd|hdr)$/.test(name)).sort();
  seeds = await Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(golden, name)) })));
});
afterAll(() => rm(dir, { recursive: true }));

const joined = (a: Uint8Array, b: Uint8Array): Uint8Array => Uint8Array.from(Buffer.concat([a, b]));

/** Header and voxels mutated together; packed data unpacked before and packed again. */
function mutatePayload(bytes: Uint8Array, rng: RandomStream): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1');
  const end = text.indexOf('\n\n') + 2;
  const packed = /encoding: gz/.test(text.slice(0, end)) && end < bytes.length;
  const body = packed ? gunzipSync(bytes.subarray(end)) : bytes.subarray(end);
  const magic = bytes.subarray(0, 9);
  const mutant = mutate(joined(bytes.subarray(9, end), body), end - 9, rng);
  if (!packed) return joined(magic, mutant);
  // Where the header ends now, if it still does.
  const split = Buffer.from(mutant).toString('latin1').indexOf('\n\n') + 2;
  return joined(joined(magic, mutant.subarray(0, split)), gzipSync(mutant.subarray(split), { level: 1 }));
}

it('every mutant of a NRRD file, attached or detached, ends as a volume or as an error that names it', async () => {
  let detached = false;
  const target: Target = {
    name: 'nrrd',
    container: /no NIfTI|gzip data is damaged|is a \S+ file|is empty|header (has no end|does not end)/,
    mutant(rng) {
      const { name, bytes } = seeds[rng.integer(seeds.length)]!;
      detached = name.endsWith('.nhdr');
      return rng.bernoulli(0.85) ? mutatePayload(bytes, rng) : mutate(bytes, 600, rng);
    },
    async read(bytes, n) {
      const path = join(dir, `mutant.${detached ? 'nhdr' : 'nrrd'}`);
      try {
        // Most of the time goes to the file system, where a file names others; else one in ten goes there.
        if (n % 10 > 0 && !detached) return { volume: await readNrrd(bytes, path), name: path };
        await writeFile(path, bytes);
        return { volume: await readVolume(path), name: path };
      } catch (error) {
        // A detached header's data file may be the one that is wrong.
        return { error, name: detached ? dir : path };
      }
    },
  };
  await fuzz(target);
});
