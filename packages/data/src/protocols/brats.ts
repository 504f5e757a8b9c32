import { CrlnError, type Triple } from '@crln/core';
import { cropVolume } from '../crop.js';
import { labelsToClasses } from '../labels.js';
import { moments } from '../normalise.js';
import type { Case } from '../types.js';
import { type Volume, type VoxelArray, withData } from '../volume.js';
import { filledBox } from './margin.js';
import { cropNote, noteOnce, type Protocol, type ProtocolCase, partsOf, type RawCase, RECIPE } from './protocol.js';
import splits from './splits/brats.json' with { type: 'json' };

const FLAIR = /^(.+)_flair\.nii(\.gz)?$/;

function find(files: readonly string[]): Map<string, RawCase> {
  const there = new Set(files);
  const found = new Map<string, RawCase>();
  for (const path of files) {
    const { folder, name } = partsOf(path);
    const id = FLAIR.exec(name)?.[1];
    if (id === undefined) continue;
    const beside = (end: string): string => `${folder ? `${folder}/` : ''}${id}_seg.${end}`;
    const label = [beside('nii.gz'), beside('nii')].find((other) => there.has(other));
    if (label !== undefined) noteOnce(found, id, { image: path, label });
  }
  return found;
}

/** The smallest value with at least that share of all voxels at or below it: the cumulative histogram with a bin a value. */
export function upperPoint(values: VoxelArray, share: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)]!;
}

/** (min(x, limit) − mean) / deviation, both over voxels above 0; of all voxels. */
function scorePositive(values: VoxelArray, limit: number, name: string): Float32Array {
  const out = new Float32Array(values.length);
  for (let n = 0; n < out.length; n++) out[n] = Math.min(values[n]!, limit);
  const { mean, deviation, count } = moments(out, out);
  if (count === 0) {
    throw new CrlnError('invalid-data', `${name}: none of its voxels is above 0; a FLAIR scan's brain is`, { name });
  }
  const scale = deviation > 0 ? 1 / deviation : 0;
  for (let n = 0; n < out.length; n++) out[n] = (out[n]! - mean) * scale;
  return out;
}

function prepare({ id, image, label }: Case): ProtocolCase {
  const name = image.source ?? id;
  const brainBox = filledBox(image, name);
  // The reference leaves out the last plane of the brain on each axis.
  const box = { ...brainBox, size: brainBox.size.map((n) => Math.max(n - 1, 1)) as Triple };
  const brain = cropVolume(image, box);
  const truth = label as Volume;
  const classes = labelsToClasses(truth, [0, 1, 2, 3, 4], truth.source ?? id);
  for (let n = 0; n < classes.length; n++) if (classes[n]! > 0) classes[n] = 1;
  return {
    image: withData(brain, scorePositive(brain.data, upperPoint(brain.data, 0.999), name)),
    label: cropVolume(withData(image, classes), box),
    notes: [cropNote(box, image.shape)],
  };
}

/** BraTS 2019, whole tumour from FLAIR, as SSL4MIS (Luo et al.) prepares it. */
export const brats: Protocol = {
  name: 'brats',
  title: 'BraTS 2019, whole tumour from FLAIR, as SSL4MIS prepares it',
  raw: 'NIfTI files <case>_flair.nii.gz and <case>_seg.nii.gz side by side, in folders of any depth',
  splits,
  steps: [
    'crop: the box of the brain (voxels that are not 0), without the last plane of each axis, as the reference does',
    'image: clipped above the 99.9 % point of the cumulative histogram; z-score over the positive voxels',
    'label: every value above 0 is the tumour',
  ],
  remarks: [
    'Two evaluation sets are in use: `test` (60 cases, most papers) and `val` (25 cases, the released code of CRLN). Say which.',
    'Two strides are in use: 64 (SSL4MIS) and 16 (TraCoCo, CRLN). Say which.',
  ],
  spacing: [1, 1, 1],
  leastShape: [1, 1, 1],
  intensities: 'zscore-positive',
  recipe: RECIPE,
  find,
  prepare,
};
