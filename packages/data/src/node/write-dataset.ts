import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { InputRecipe } from '../recipe.js';
import type { Case, Splits } from '../types.js';
import { writeAtomic } from './atomic.js';
import { fileError } from './file-error.js';
import { writeVolume } from './files.js';

/**
 * Writes cases as a folder that `openFolder` opens: `images/<id>.nii.gz`, `labels/<id>.nii.gz`, `splits.json`, and `recipe.json`
 * where a recipe is given. Files that are there are replaced, one by one, whole.
 *
 * @throws `CrlnError` `file-access`
 */
export async function writeDataset(
  dir: string,
  cases: Iterable<Case> | AsyncIterable<Case>,
  splits?: Splits,
  recipe?: InputRecipe,
): Promise<void> {
  for (const folder of ['images', 'labels']) {
    const path = join(dir, folder);
    await mkdir(path, { recursive: true }).catch((error: unknown) => {
      throw fileError(error, path, 'write');
    });
  }
  for await (const { id, image, label } of cases) {
    await writeVolume(join(dir, 'images', `${id}.nii.gz`), image);
    if (label) await writeVolume(join(dir, 'labels', `${id}.nii.gz`), label);
  }
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
  if (splits) await writeAtomic(join(dir, 'splits.json'), json(splits));
  if (recipe) await writeAtomic(join(dir, 'recipe.json'), json(recipe));
}
