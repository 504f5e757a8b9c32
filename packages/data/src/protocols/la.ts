import { CrlnError, type RandomStream, type Triple } from '@crln/core';
import { spacingAffine } from '../affine.js';
import type { Box } from '../box.js';
import { cropVolume } from '../crop.js';
import { labelsToClasses } from '../labels.js';
import { normalise } from '../normalise.js';
import type { Case } from '../types.js';
import { hasSpacing, type Volume, withData } from '../volume.js';
import { filledBox, marginRange } from './margin.js';
import {
  cropNote,
  noteOnce,
  type Protocol,
  type ProtocolCase,
  type ProtocolOptions,
  partsOf,
  type RawCase,
  RECIPE,
} from './protocol.js';
import splits from './splits/la.json' with { type: 'json' };

/** Patch of the published networks: a crop holds at least one, in plane. */
const PATCH = [112, 112] as const;
/** mm, of all scans of the challenge. */
const SPACING: Triple = [0.625, 0.625, 0.625];

function find(files: readonly string[]): Map<string, RawCase> {
  const there = new Set(files);
  const scans = new Map<string, RawCase>();
  const published = new Map<string, RawCase>();
  for (const path of files) {
    const { folder, name } = partsOf(path);
    const id = partsOf(folder).name;
    const label = `${folder}/laendo.nrrd`;
    if (name === 'lgemri.nrrd' && there.has(label)) noteOnce(scans, id, { image: path, label, form: 'raw' });
    if (name === 'mri_norm2.h5') noteOnce(published, id, { image: path, label: path, form: 'published' });
  }
  // The scan itself says more than what was published of it.
  return new Map([...published, ...scans]);
}

/** As the field's preprocessing draws it: 10 to 19 voxels on each side in plane, and what the patch wants. */
function drawBox(label: Box, shape: Triple, rng: RandomStream): Box {
  const [x0, x1, y0, y1] = Array.from({ length: 4 }, () => 10 + rng.integer(10)) as [number, number, number, number];
  const x = marginRange(label, 0, shape[0], PATCH[0], [x0, x1]);
  const y = marginRange(label, 1, shape[1], PATCH[1], [y0, y1]);
  return { start: [x[0], y[0], 0], size: [x[1], y[1], shape[2]] };
}

function fromScan({ id, image, label }: Case & { label: Volume }, rng: RandomStream): ProtocolCase {
  const name = label.source ?? id;
  const classes = withData(image, labelsToClasses(label, [0, 255], name));
  const box = drawBox(filledBox(classes, name), image.shape, rng);
  const scored = withData(image, normalise(image.data, 'zscore'));
  return {
    image: cropVolume(scored, box),
    label: cropVolume(classes, box),
    notes: [cropNote(box, image.shape)],
  };
}

/** The published files have been through all of it; only their spacing is gone. */
function fromPublished({ id, image, label }: Case & { label: Volume }): ProtocolCase {
  if (image.dtype !== 'float32') {
    throw new CrlnError('invalid-data', `${image.source ?? id}: its image is ${image.dtype}; expected float32`, { id });
  }
  const known = hasSpacing(image);
  const grid = known ? image : { ...image, spacing: SPACING, affine: spacingAffine(SPACING) };
  return {
    image: withData(grid, image.data),
    label: withData(grid, labelsToClasses(label, [0, 1], label.source ?? id)),
    notes: known
      ? []
      : ['its file has no spacing: 0.625 mm, that of the challenge; its place in the scan is not known'],
  };
}

/** Left Atrium, 2018 Atrial Segmentation Challenge, as UA-MT (Yu et al., MICCAI 2019) prepares it. */
export const la: Protocol = {
  name: 'la',
  title: 'Left Atrium (2018 Atrial Segmentation Challenge), as UA-MT prepares it',
  raw: 'folders named by their case, each with lgemri.nrrd and laendo.nrrd, or with the published mri_norm2.h5',
  splits,
  steps: [
    'label: 255 is the left atrium',
    'image: z-score over the whole scan',
    'crop: the label’s box and on each side in plane a random 10 to 19 voxels, more where 112 do not fit; all slices',
  ],
  remarks: [
    'The crop uses the label, also of test and unlabelled cases: a known criticism of this benchmark.',
    'Published figures are in voxels, and most are of the checkpoint that is best on the test set.',
  ],
  spacing: SPACING,
  leastShape: [112, 112, 80],
  intensities: 'zscore',
  recipe: RECIPE,
  find,
  prepare(raw, form, { rng }: ProtocolOptions) {
    const both = raw as Case & { label: Volume };
    return form === 'published' ? fromPublished(both) : fromScan(both, rng);
  },
};
