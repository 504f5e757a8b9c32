import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readVolume } from '../../src/node.js';
import { fuzz, type Target } from './fuzz.js';
import { checksummed, lookup3, withChecksums } from './hdf5-checksum.js';
import { mutate } from './mutate.js';

const golden = (name: string): Promise<Uint8Array> =>
  readFile(fileURLToPath(new URL(`../golden/${name}`, import.meta.url)));
/** The newest format has checksums, the oldest none; links, groups, booleans, filters. */
const SEEDS = ['hdf5/filters.h5', 'hdf5/names.h5', 'case.h5', 'hdf5/external.h5', 'hdf5/virtual.h5', 'hdf5/i2-be.h5'];

let dir: string;
let seeds: Uint8Array[];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crln-fuzz-'));
  seeds = await Promise.all(SEEDS.map(golden));
});
afterAll(() => rm(dir, { recursive: true }));

it('checksums of metadata are those that the library writes', async () => {
  const bytes = Uint8Array.from(await golden('hdf5/filters.h5'));
  const blocks = checksummed(bytes);
  expect(blocks.length).toBeGreaterThanOrEqual(4);
  const view = new DataView(bytes.buffer);
  for (const [begin, length] of blocks) {
    expect(lookup3(bytes.subarray(begin, begin + length))).toBe(view.getUint32(begin + length, true));
  }
});

it('every mutant of an HDF5 file ends as a volume or as an error that names it', async () => {
  const target: Target = {
    name: 'hdf5',
    container: /Unable to open file|no NIfTI/,
    mutant(rng) {
      const bytes = mutate(seeds[rng.integer(seeds.length)]!, 2048, rng);
      return rng.bernoulli(0.75) ? withChecksums(bytes) : bytes;
    },
    async read(bytes, n) {
      const path = join(dir, 'mutant.h5');
      // Another kind of file has another reader.
      const whole = Uint8Array.from(bytes);
      whole.set([0x89, 0x48, 0x44, 0x46].slice(0, whole.length));
      await writeFile(path, whole);
      try {
        return { volume: await readVolume(path, { dataset: n % 3 ? 'image' : 'label' }), name: path };
      } catch (error) {
        return { error, name: path };
      }
    },
  };
  await fuzz(target);
});
