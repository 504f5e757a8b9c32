import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readNifti } from '../../src/index.js';
import { readVolume } from '../../src/node.js';
import { fuzz, type Target } from './fuzz.js';
import { mutate } from './mutate.js';

const golden = fileURLToPath(new URL('../golden', import.meta.url));
let dir: string;
let seeds: Uint8Array[];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crln-fuzz-'));
  const half = (name: string): Promise<Uint8Array> => readFile(join(golden, name));
  pair = { 'pair.hdr': await half('pair.hdr'), 'pair.img': await half('pair.img') };
  const names = (await readdir(golden)).filter((name) => /\.nii(\.gz)?$/.test(name)).sort();
  seeds = await Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(join(golden, name));
      return Uint8Array.from(name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
    }),
  );
});
afterAll(() => rm(dir, { recursive: true }));

let pair: Record<string, Uint8Array>;

/** A pair of which one half is a mutant, by its header. */
async function readHalf(half: string, bytes: Uint8Array): ReturnType<Target['read']> {
  for (const [name, whole] of Object.entries(pair)) await writeFile(join(dir, name), name === half ? bytes : whole);
  const name = join(dir, 'pair');
  try {
    return { volume: await readVolume(`${name}.hdr`), name };
  } catch (error) {
    return { error, name };
  }
}

it('every mutant of a NIfTI file, or of a half of a pair, ends as a volume or as an error that names it', async () => {
  let half: string | undefined;
  const target: Target = {
    name: 'nifti',
    container: /no NIfTI|gzip data is damaged|is a \S+ file|is empty/,
    mutant(rng) {
      half = rng.bernoulli(0.05) ? (rng.bernoulli(0.8) ? 'pair.hdr' : 'pair.img') : undefined;
      if (half) return mutate(pair[half]!, 352, rng);
      const payload = mutate(seeds[rng.integer(seeds.length)]!, 352, rng);
      if (rng.bernoulli(0.3)) return payload;
      const packed = gzipSync(payload, { level: 1 });
      return rng.bernoulli(0.1) ? mutate(packed, packed.length, rng) : packed;
    },
    async read(bytes, n) {
      const path = join(dir, 'mutant.nii.gz');
      if (half) return readHalf(half, bytes);
      try {
        // One in ten as a user does; that way most of the time goes to the file system.
        if (n % 10 > 0) return { volume: await readNifti(bytes, path), name: path };
        await writeFile(path, bytes);
        return { volume: await readVolume(path), name: path };
      } catch (error) {
        return { error, name: path };
      }
    },
  };
  await fuzz(target);
});

it('a small file that unpacks to a GiB behind its voxels is not unpacked to its end', async () => {
  const path = join(dir, 'bomb.nii.gz');
  const zeros = gzipSync(new Uint8Array(2 ** 26));
  // Members of gzip data may follow each other.
  await writeFile(path, Buffer.concat([gzipSync(seeds[0]!), ...Array.from({ length: 16 }, () => zeros)]));
  const begun = performance.now();
  await readVolume(path).catch((error: Error) => expect(error.message).toContain('bomb.nii.gz'));
  expect(performance.now() - begun).toBeLessThan(2000);
});
