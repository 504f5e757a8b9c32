import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CrlnError } from '@crln/core';
import { createDataset } from '../dataset.js';
import { CaseCache } from '../loader/case-cache.js';
import { type InputRecipe, parseRecipe } from '../recipe.js';
import { caseOfFile } from '../splits.js';
import type { Case, CaseFiles, Dataset, DatasetNames } from '../types.js';
import { readCase } from './case.js';
import { fileError } from './file-error.js';
import { hdf5Keys } from './hdf5.js';
import { areHalves } from './pair.js';
import { readBytes } from './read-bytes.js';

export interface OpenFolderOptions {
  /** How many bytes of cases to keep in memory after they were read. Default 1 GiB. */
  cacheBytes?: number;
  /** What images and labels are called in HDF5 files. Default `image` and `label`. */
  datasets?: DatasetNames;
}

/** A data set in a folder, and the recipe that was stored with it, if any. */
export interface FolderDataset extends Dataset {
  readonly recipe?: InputRecipe;
}

/** Entries of a folder, sorted; undefined where there is no such folder. */
async function list(path: string): Promise<string[] | undefined> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path, 'read');
  }
}

/** Volume files of a folder by case; undefined where there is no such folder. @throws CrlnError `invalid-data` for a case twice */
export async function volumesIn(path: string): Promise<Map<string, string> | undefined> {
  const names = await list(path);
  if (!names) return undefined;
  const files = new Map<string, string>();
  for (const name of names) {
    const id = caseOfFile(name);
    if (id === undefined) continue;
    const other = files.get(id);
    // Sorted, a pair's header comes before its image, which is read with it.
    if (other && areHalves(other, name)) continue;
    if (other)
      throw new CrlnError('invalid-data', `${join(path, name)} and ${other} are the same case '${id}'; remove one`, {
        id,
      });
    files.set(id, join(path, name));
  }
  return files;
}

async function jsonIn(dir: string, name: string): Promise<unknown> {
  if (!(await list(dir))?.includes(name)) return undefined;
  const path = join(dir, name);
  const text = new TextDecoder().decode(await readBytes(path));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CrlnError(
      'file-format',
      `${path}: this is no valid JSON (${(cause as Error).message})`,
      { path },
      { cause },
    );
  }
}

interface Files {
  images: Map<string, string>;
  labels: Map<string, string>;
}

async function filesOf(dir: string, { label = 'label' }: DatasetNames): Promise<Files> {
  const top = await list(dir);
  if (!top) throw new CrlnError('file-not-found', `${dir}: there is no such folder`, { path: dir });
  if (top.includes('cases')) {
    // A prepared folder: image and label of a case in one HDF5 file.
    const images = (await volumesIn(join(dir, 'cases')))!;
    const labels = new Map<string, string>();
    for (const [id, path] of images) if ((await hdf5Keys(path)).includes(label.split('/')[0]!)) labels.set(id, path);
    if (images.size === 0)
      throw new CrlnError('invalid-data', `${join(dir, 'cases')}: it has no .h5 files`, { path: dir });
    return { images, labels };
  }
  const images = await volumesIn(join(dir, 'images'));
  if (!images) {
    const found =
      top.length === 0 ? 'it is empty' : `it has ${top.slice(0, 5).join(', ')}${top.length > 5 ? ', …' : ''}`;
    throw new CrlnError(
      'invalid-data',
      `${dir}: a data set needs the folders images/ and labels/ (or a prepared cases/), but ${found}`,
      { path: dir, found: top },
    );
  }
  if (images.size === 0)
    throw new CrlnError(
      'invalid-data',
      `${join(dir, 'images')}: it has no .nii, .nii.gz, .hdr, .nrrd, .nhdr or .h5 files`,
      { path: dir },
    );
  const labels = (await volumesIn(join(dir, 'labels'))) ?? new Map<string, string>();
  const orphan = [...labels.keys()].find((id) => !images.has(id));
  if (orphan !== undefined) {
    throw new CrlnError(
      'invalid-data',
      `${labels.get(orphan)}: there is no image '${orphan}' in ${join(dir, 'images')}; image and label must have the same name`,
      { id: orphan },
    );
  }
  return { images, labels };
}

/**
 * Opens a folder as a data set, reading names only: `images/` and `labels/` with the same file names (an image without a label is
 * unlabelled), or `cases/` with HDF5 files of both; `splits.json` and `recipe.json` where present. Cases are read when asked for.
 *
 * @throws `CrlnError` `file-not-found` or `invalid-data`: no such folder, no images, a label without an image, splits that name what
 * is not there; and from `load`: what reading can throw, an image and label of different shape or position
 */
export async function openFolder(dir: string, options: OpenFolderOptions = {}): Promise<FolderDataset> {
  const { datasets } = options;
  const { images, labels } = await filesOf(dir, datasets ?? {});
  const cache = new CaseCache<Case>(
    options.cacheBytes ?? 2 ** 30,
    ({ image, label }) => image.data.byteLength + (label?.data.byteLength ?? 0),
  );
  const files = (id: string): CaseFiles => {
    const label = labels.get(id);
    return { id, image: images.get(id)!, ...(label !== undefined && { label }), ...(datasets && { datasets }) };
  };
  const recipe = await jsonIn(dir, 'recipe.json');
  const dataset = createDataset({
    name: dir,
    ids: [...images.keys()],
    isLabelled: (id) => labels.has(id),
    load: (id) =>
      cache.use(
        [id],
        (id) => readCase(files(id)),
        ([item]) => item!,
      ),
    files,
    splits: await jsonIn(dir, 'splits.json'),
  });
  return recipe === undefined ? dataset : { ...dataset, recipe: parseRecipe(recipe, join(dir, 'recipe.json')) };
}
