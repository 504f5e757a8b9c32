import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stream } from '@crln/core';
import { assertSameGrid } from '../../grid.js';
import { protocolOf } from '../../protocols/index.js';
import { hasOtherSpacing, type RawCase } from '../../protocols/protocol.js';
import type { Case } from '../../types.js';
import { assertFinite } from '../../volume.js';
import { writeAtomic } from '../atomic.js';
import { fileError } from '../file-error.js';
import { readVolume } from '../files.js';
import { encodeHdf5 } from '../hdf5/write.js';
import { walk } from '../walk.js';
import {
  type CaseFact,
  checksum,
  distinctValues,
  foregroundShare,
  type SourceFact,
  voxelChecksum,
} from './manifest.js';

/** All that the preparation of one case needs. Plain JSON, for a thread. */
export interface CaseRequest {
  readonly protocol: string;
  readonly id: string;
  readonly raw: RawCase;
  readonly from: string;
  readonly out: string;
  readonly seed: number;
  readonly labelFlip?: string;
}

/** Where a prepared case lies, relative to its folder. */
export const caseFile = (id: string): string => `cases/${id}.h5`;

/** Files at or below a path, in the order of their names. */
async function filesBelow(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const files: string[] = [];
  for await (const file of walk(path)) files.push(file);
  return files.sort();
}

async function sourceFact(from: string, path: string): Promise<SourceFact> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const file of await filesBelow(join(from, path))) {
    for await (const chunk of createReadStream(file)) {
      hash.update(chunk as Uint8Array);
      bytes += (chunk as Uint8Array).length;
    }
  }
  return { path, bytes, sha256: hash.digest('hex') };
}

/** Size of a source, without reading it. */
export async function sourceBytes(from: string, path: string): Promise<number> {
  let bytes = 0;
  for (const file of await filesBelow(join(from, path))) bytes += (await stat(file)).size;
  return bytes;
}

/**
 * Reads a raw case, prepares it as its protocol says, and writes it, whole or not at all.
 *
 * @throws `CrlnError`: what reading, the protocol and writing throw
 */
export async function prepareRawCase(request: CaseRequest): Promise<CaseFact> {
  const { id, raw, from, out, seed, labelFlip } = request;
  const protocol = protocolOf(request.protocol);
  const image = await readVolume(join(from, raw.image));
  const label = await readVolume(join(from, raw.label), { dataset: 'label' });
  assertFinite(image, image.source ?? id);
  const notes: string[] = [];
  if (!protocol.alignsLabels) assertSameGrid(image, label, id);
  const rng = stream(seed, `prepare/${protocol.name}/${id}`);
  const made = protocol.prepare({ id, image, label }, raw.form, { rng, ...(labelFlip !== undefined && { labelFlip }) });
  // A protocol that divides by what an image has not.
  assertFinite(made.image, `${image.source ?? id}, prepared`);
  if (hasOtherSpacing(protocol, made.image)) {
    notes.push(
      `its spacing is ${made.image.spacing.map((mm) => mm.toPrecision(4)).join(' × ')} mm; the protocol's scans have ${protocol.spacing.join(' × ')} mm`,
    );
  }
  const file = caseFile(id);
  const path = join(out, file);
  const bytes = await encodeHdf5(path, { image: made.image, label: made.label });
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw fileError(error, dirname(path), 'write');
  });
  await writeAtomic(path, bytes);
  const paths = [...new Set([raw.image, raw.label])];
  return {
    source: await Promise.all(paths.map((source) => sourceFact(from, source))),
    file,
    bytes: bytes.length,
    sha256: checksum(bytes),
    voxels: voxelChecksum({ id, image: made.image, label: made.label } satisfies Case),
    shape: made.image.shape,
    spacing: made.image.spacing,
    foreground: foregroundShare(made.label.data),
    intensities: distinctValues(made.image.data),
    notes: [...made.notes, ...notes],
    ...(labelFlip !== undefined && { labelFlip }),
  };
}
