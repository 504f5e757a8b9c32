import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { valueRange } from '../../augment/intensity.js';
import { assertSameGrid } from '../../grid.js';
import { labelCounts } from '../../labels.js';
import { protocolOf } from '../../protocols/index.js';
import { casesOf, hasOtherSpacing, type Protocol } from '../../protocols/protocol.js';
import { parseRecipe } from '../../recipe.js';
import { assertFinite, hasSpacing, type Volume } from '../../volume.js';
import { readCase } from '../case.js';
import { fileError } from '../file-error.js';
import { caseFile } from './case.js';
import { type CaseFact, checksum, few, type Manifest, readManifest, voxelChecksum } from './manifest.js';

/** Where a prepared folder is not what the protocol makes. */
export interface Difference {
  /** The case, where it is about one. */
  readonly id?: string;
  /** A sentence: what was found, and what was expected. */
  readonly text: string;
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function jsonOf(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}

async function listDifferences(dir: string, { splits, recipe }: Protocol): Promise<string[]> {
  const out: string[] = [];
  try {
    const found = (await jsonOf(join(dir, 'splits.json'))) as Record<string, string[]>;
    for (const key of ['train', 'val', 'test'] as const) {
      const want = splits[key] ?? [];
      const have = found[key] ?? [];
      const missing = want.filter((id) => !have.includes(id));
      const extra = have.filter((id) => !want.includes(id));
      if (missing.length > 0)
        out.push(`splits.json: ${key} lacks ${missing.length} of ${want.length} cases: ${few(missing)}`);
      if (extra.length > 0) out.push(`splits.json: ${key} has ${extra.length} cases too many: ${few(extra)}`);
      const common = want.filter((id) => have.includes(id));
      const order = have.filter((id) => want.includes(id));
      // The labelled cases are the first ones.
      if (order.some((id, n) => id !== common[n]))
        out.push(`splits.json: ${key} is in another order than the protocol’s list`);
    }
  } catch (error) {
    out.push(`splits.json cannot be read (${message(error)})`);
  }
  try {
    const found = parseRecipe(await jsonOf(join(dir, 'recipe.json')), 'recipe.json');
    if (JSON.stringify(found) !== JSON.stringify(recipe)) {
      out.push(`recipe.json is ${JSON.stringify(found)}; expected ${JSON.stringify(recipe)}`);
    }
  } catch (error) {
    out.push(`recipe.json cannot be read (${message(error)})`);
  }
  return out;
}

/** What is to be said of the voxels of one case. */
function voxelDifferences(protocol: Protocol, image: Volume, label: Volume): string[] {
  const out: string[] = [];
  const { spacing, leastShape, intensities } = protocol;
  const numbers = (values: readonly number[]): string => values.map((mm) => Number(mm.toPrecision(4))).join(' × ');
  if (!hasSpacing(image)) out.push(`its spacing is not stored; expected ${numbers(spacing)} mm`);
  else if (hasOtherSpacing(protocol, image)) {
    out.push(`its spacing is ${numbers(image.spacing)} mm; expected ${numbers(spacing)}`);
  }
  if (image.shape.some((size, axis) => size < leastShape[axis]!)) {
    out.push(`its shape is [${image.shape}]; expected at least [${leastShape}]`);
  }
  if (image.dtype !== 'float32') out.push(`its image is ${image.dtype}; expected float32`);
  if (label.dtype !== 'uint8') out.push(`its label is ${label.dtype}; expected uint8`);
  const [low, high] = valueRange(image.data);
  if (intensities === 'window' ? low < 0 || high > 1 : low >= 0 || high <= 0) {
    const want = intensities === 'window' ? 'values in [0, 1]' : 'z-scores, which lie on both sides of 0';
    out.push(`its intensities lie in [${low.toPrecision(4)}, ${high.toPrecision(4)}]; expected ${want}`);
  }
  return out;
}

async function caseDifferences(
  dir: string,
  protocol: Protocol,
  id: string,
  fact: CaseFact | undefined,
): Promise<string[]> {
  const path = join(dir, caseFile(id));
  const out: string[] = [];
  try {
    const { image, label } = await readCase({ id, image: path, label: path });
    assertFinite(image, path);
    assertSameGrid(image, label!, id);
    const counts = labelCounts(label!, path);
    for (const [value, count] of counts) {
      if (!protocol.recipe.labels.includes(value)) {
        out.push(`${count} voxels have the label value ${value}; expected one of ${protocol.recipe.labels.join(', ')}`);
      }
    }
    if (counts.size < 2) out.push('its label is empty');
    out.push(...voxelDifferences(protocol, image, label!));
    if (fact && checksum(await readFile(path)) !== fact.sha256) {
      const same = voxelChecksum({ id, image, label: label! }) === fact.voxels;
      out.push(
        same
          ? 'its file is not the one that was written, though its voxels are the same'
          : 'its file is not the one that was written: it was changed or damaged',
      );
    }
  } catch (error) {
    out.push(message(error));
  }
  return out;
}

/** Whether the sources are still those that the cases were made from. */
function sourceNote(manifest: Manifest | undefined, protocol: Protocol): string[] {
  if (!manifest) return ['manifest.json is missing: it is not known what the cases were made from'];
  return manifest.protocol === protocol.name
    ? []
    : [`manifest.json says that it was prepared as ${manifest.protocol}; expected ${protocol.name}`];
}

/**
 * Compares a prepared folder with its protocol: lists of cases, files and their checksums, types, spacings, least shapes, intensities,
 * label values. Any folder of `cases/<id>.h5` will do, also one that something else has made.
 *
 * @returns every difference, in the order of the splits; none where all is as it should be
 * @throws `CrlnError` `invalid-option` for an unknown protocol, `file-not-found`, `file-access`
 */
export async function checkPrepared(
  dir: string,
  name: string,
  options: { signal?: AbortSignal; onCase?(progress: { id: string; done: number; total: number }): void } = {},
): Promise<Difference[]> {
  const protocol = protocolOf(name);
  let files: string[];
  try {
    await readdir(dir);
    files = (await readdir(join(dir, 'cases')).catch(() => [])).filter((file) => file.endsWith('.h5'));
  } catch (error) {
    throw fileError(error, dir, 'read');
  }
  let manifest: Manifest | undefined;
  const out: Difference[] = [];
  try {
    manifest = await readManifest(dir);
  } catch (error) {
    out.push({ text: message(error) });
  }
  for (const text of [...sourceNote(manifest, protocol), ...(await listDifferences(dir, protocol))]) out.push({ text });
  const wanted = casesOf(protocol);
  const ids = new Set(files.map((file) => basename(file, '.h5')));
  for (const id of ids) if (!wanted.includes(id)) out.push({ id, text: 'the protocol has no such case' });
  let done = 0;
  for (const id of wanted) {
    if (options.signal?.aborted) break;
    const found = ids.has(id) ? await caseDifferences(dir, protocol, id, manifest?.cases[id]) : ['it is missing'];
    out.push(...found.map((text) => ({ id, text })));
    options.onCase?.({ id, done: ++done, total: wanted.length });
  }
  return out;
}
