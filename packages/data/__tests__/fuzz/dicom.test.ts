import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { RandomStream } from '@crln/core';
import { afterAll, beforeAll, it } from 'vitest';
import { readDicomSeries } from '../../src/index.js';
import { readVolume } from '../../src/node.js';
import { fuzz, type Target } from './fuzz.js';
import { mutate } from './mutate.js';

const golden = fileURLToPath(new URL('../golden/dicom', import.meta.url));
interface Series {
  /** Where they lie, whole. */
  path: string;
  /** Slices by name. */
  files: [string, Uint8Array][];
  deflated: boolean;
}

let dir: string;
let series: Series[];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crln-fuzz-'));
  const names = (await readdir(golden, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  series = await Promise.all(
    names.map(async ({ name }) => {
      const slices = (await readdir(join(golden, name))).sort();
      const files = slices.map(
        async (slice): Promise<[string, Uint8Array]> => [slice, await readFile(join(golden, name, slice))],
      );
      const path = join(dir, name);
      await cp(join(golden, name), path, { recursive: true });
      return { path, files: await Promise.all(files), deflated: name.includes('deflate') };
    }),
  );
});
afterAll(() => rm(dir, { recursive: true }));

/** Where the data set begins: behind the preamble and the meta group, whose length is its first element. */
const dataBegin = (bytes: Uint8Array): number =>
  144 + new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(140, true);

/** The data set of a slice mutated, and packed again where it was packed; the preamble and the meta group stay. */
function mutatePayload(bytes: Uint8Array, deflated: boolean, rng: RandomStream): Uint8Array {
  const begin = dataBegin(bytes);
  const body = bytes.subarray(begin);
  const mutant = mutate(deflated ? inflateRawSync(body) : body, 1500, rng);
  const packed = deflated ? deflateRawSync(mutant) : mutant;
  const out = new Uint8Array(begin + packed.length);
  out.set(bytes.subarray(0, begin));
  out.set(packed, begin);
  return out;
}

it('every mutant of a DICOM series ends as a volume or as an error that names its folder', async () => {
  let chosen: Series;
  let slice = 0;
  const target: Target = {
    name: 'dicom',
    container: /no DICOM|not DICOM|meta|preamble/i,
    mutant(rng) {
      chosen = series[rng.integer(series.length)]!;
      slice = rng.integer(chosen.files.length);
      const [, bytes] = chosen.files[slice]!;
      const whole = new TextDecoder('latin1').decode(bytes.subarray(128, 132)) === 'DICM';
      return whole && rng.bernoulli(0.8) ? mutatePayload(bytes, chosen.deflated, rng) : mutate(bytes, 1500, rng);
    },
    async read(bytes, n) {
      const { path, files } = chosen;
      const [name, whole] = files[slice]!;
      try {
        // One in ten as a user does; that way most of the time goes to the file system.
        if (n % 10 > 0) {
          const given = files.map(([one, slice]) => ({ name: join(path, one), bytes: one === name ? bytes : slice }));
          return { volume: await readDicomSeries(given, path), name: path };
        }
        await writeFile(join(path, name), bytes);
        return { volume: await readVolume(path), name: path };
      } catch (error) {
        return { error, name: path };
      } finally {
        if (n % 10 === 0) await writeFile(join(path, name), whole);
      }
    },
  };
  await fuzz(target);
});
