import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CrlnError } from '@crln/core';
import { io } from '@tensorflow/tfjs-core';
import { artifactsInfo } from './memoryHandler.js';

const MODEL = 'model.json';
const WEIGHTS = 'weights.bin';

/** What `model.json` says beside tfjs's own fields. */
interface Seal {
  /** Of this layout; higher ones are refused. */
  version: 1;
  /** Of `weights.bin`: pairs of files that do not belong together are found out. */
  sha256: string;
}

/**
 * A `tf.io.IOHandler` for a folder with `model.json` (tfjs's own layout) and `weights.bin`. Both are written under temporary names,
 * synced and renamed, the weights first; a checksum tells on loading if a crash came between. Needs no tfjs-node.
 *
 * @throws CrlnError on loading `file-not-found` or `file-format`, on saving `file-access`; each names the file.
 */
export function fileHandler(folder: string): Required<Pick<io.IOHandler, 'save' | 'load'>> {
  return { save: (artifacts) => save(folder, artifacts), load: () => load(folder) };
}

async function save(folder: string, artifacts: io.ModelArtifacts): Promise<io.SaveResult> {
  const { weightData, weightSpecs, ...rest } = artifacts;
  const weights = new Uint8Array(io.CompositeArrayBuffer.join(weightData));
  const crln: Seal = { version: 1, sha256: digest(weights) };
  const weightsManifest = [{ paths: [WEIGHTS], weights: weightSpecs ?? [] }];
  const model = new TextEncoder().encode(`${JSON.stringify({ ...rest, weightsManifest, crln })}\n`);
  try {
    await mkdir(folder, { recursive: true });
    await replace(join(folder, WEIGHTS), weights);
    await replace(join(folder, MODEL), model);
  } catch (error) {
    throw new CrlnError(
      'file-access',
      `cannot write the model to ${folder}: ${(error as Error).message}`,
      { path: folder },
      { cause: error },
    );
  }
  return { modelArtifactsInfo: artifactsInfo(artifacts) };
}

/** Writes a file so that a crash leaves the old one or the new one. */
async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

async function load(folder: string): Promise<io.ModelArtifacts> {
  const path = join(folder, MODEL);
  const text = new TextDecoder().decode(await read(path));
  let parsed: io.ModelJSON & { crln?: { version: number; sha256: string } };
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new CrlnError('file-format', `${path} is not JSON: ${(error as Error).message}`, { path }, { cause: error });
  }
  const { crln, weightsManifest, ...rest } = parsed;
  if (!crln || !weightsManifest || !rest.modelTopology) {
    throw new CrlnError(
      'file-format',
      `${path} is no model that saveModel wrote: it lacks crln, weightsManifest or modelTopology`,
      {
        path,
      },
    );
  }
  if (crln.version !== 1) {
    throw new CrlnError(
      'file-format',
      `${path} has layout ${crln.version}; this version of @crln/layers reads layout 1`,
      { path, version: crln.version },
    );
  }
  const weightsPath = join(folder, WEIGHTS);
  const weights = await read(weightsPath);
  if (digest(weights) !== crln.sha256) {
    throw new CrlnError(
      'file-format',
      `${weightsPath} is damaged or belongs to another model: its checksum is not the one in ${MODEL}`,
      {
        path: weightsPath,
        bytes: weights.byteLength,
      },
    );
  }
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  return { ...rest, weightSpecs, weightData: weights.slice().buffer } as io.ModelArtifacts;
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CrlnError(
      missing ? 'file-not-found' : 'file-access',
      missing
        ? `${path} does not exist; expected a folder that saveModel wrote`
        : `cannot read ${path}: ${(error as Error).message}`,
      { path },
      { cause: error },
    );
  }
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
