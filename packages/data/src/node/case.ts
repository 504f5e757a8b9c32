import { assertSameGrid } from '../grid.js';
import type { Case, CaseFiles } from '../types.js';
import { readVolume } from './files.js';

/** Reads a case. @throws `CrlnError`: what {@link readVolume} throws, `invalid-data` for a label on another grid than its image */
export async function readCase({ id, image: path, label: labelPath, datasets = {} }: CaseFiles): Promise<Case> {
  const image = await readVolume(path, { dataset: datasets.image ?? 'image' });
  if (labelPath === undefined) return { id, image };
  const label = await readVolume(labelPath, { dataset: datasets.label ?? 'label' });
  assertSameGrid(image, label, id);
  return { id, image, label };
}
