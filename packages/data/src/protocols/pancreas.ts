import type { Triple } from '@crln/core';
import type { Box } from '../box.js';
import { cropVolume } from '../crop.js';
import { labelsToClasses } from '../labels.js';
import { normalise } from '../normalise.js';
import { resampleToSpacing } from '../resample.js';
import type { Case } from '../types.js';
import { type Volume, withData } from '../volume.js';
import { alignLabel } from './align-label.js';
import { filledBox, marginRange } from './margin.js';
import {
  cropNote,
  noteOnce,
  type Protocol,
  type ProtocolCase,
  type ProtocolOptions,
  type RawCase,
  RECIPE,
} from './protocol.js';
import mcNetSplits from './splits/pancreas.json' with { type: 'json' };
import coranetSplits from './splits/pancreas-coranet.json' with { type: 'json' };

const MARGIN = 25;
const LEAST = 96;
/** Centre 75, width 400 HU. */
const WINDOW = [-125, 275] as const;
const SCAN = /^PANCREAS_(\d{4})(\.nii(\.gz)?|\.nrrd)?$/i;
const LABEL = /^label(\d{4})\.(nii(\.gz)?|nrrd)$/i;

function find(files: readonly string[]): Map<string, RawCase> {
  const scans = new Map<string, string>();
  const labels = new Map<string, string>();
  for (const path of files) {
    const parts = path.split('/');
    const label = LABEL.exec(parts.at(-1)!)?.[1];
    if (label !== undefined) noteOnce(labels, label, path);
    const at = parts.findIndex((part) => SCAN.test(part));
    if (at >= 0) noteOnce(scans, SCAN.exec(parts[at]!)![1]!, parts.slice(0, at + 1).join('/'));
  }
  const found = new Map<string, RawCase>();
  for (const [number, image] of scans) {
    const label = labels.get(number);
    if (label !== undefined) found.set(`image${number}`, { image, label });
  }
  return found;
}

/** 0 at the window's lower end, 1 at its upper. */
function windowed(values: ArrayLike<number>): Float32Array {
  const [low, high] = WINDOW;
  const out = new Float32Array(values.length);
  for (let n = 0; n < out.length; n++) out[n] = (Math.min(Math.max(values[n]!, low), high) - low) / (high - low);
  return out;
}

/** Label and scan on one grid, at 1 mm. */
function resampled({ id, image, label }: Case, mode: 'bspline' | 'linear', { labelFlip }: ProtocolOptions) {
  const truth = label as Volume;
  const name = truth.source ?? id;
  const aligned = alignLabel(image, withData(truth, labelsToClasses(truth, [0, 1], name)), id, labelFlip);
  const spacing: Triple = [1, 1, 1];
  return {
    scan: resampleToSpacing(image, spacing, mode),
    classes: resampleToSpacing(aligned.label, spacing, 'nearest'),
    notes: [
      `resampled from [${image.shape}] at ${image.spacing.map((mm) => mm.toFixed(3)).join(' × ')} mm`,
      ...aligned.notes,
    ],
    name,
  };
}

function finish(scan: Volume, classes: Volume, box: Box, zscore: boolean, notes: readonly string[]): ProtocolCase {
  const image = withData(scan, windowed(scan.data));
  const part = cropVolume(zscore ? withData(image, normalise(image.data, 'zscore')) : image, box);
  return {
    image: part,
    label: withData(part, cropVolume(classes, box).data),
    notes: [...notes, cropNote(box, scan.shape)],
  };
}

function prepareMcNet(raw: Case, _: string | undefined, options: ProtocolOptions): ProtocolCase {
  const { scan, classes, notes, name } = resampled(raw, 'bspline', options);
  const label = filledBox(classes, name);
  const [x, y] = ([0, 1] as const).map((axis) =>
    marginRange(label, axis, scan.shape[axis], LEAST, [MARGIN, MARGIN]),
  ) as [[number, number], [number, number]];
  return finish(scan, classes, { start: [x[0], y[0], 0], size: [x[1], y[1], scan.shape[2]] }, true, notes);
}

/** From…to grown to at least that many voxels within 0…n, evenly where there is room: the first voxel, and how many. */
function atLeast(from: number, to: number, least: number, n: number): [number, number] {
  const size = Math.min(Math.max(to - from, least), n);
  return [Math.min(Math.max(from - Math.floor((size - (to - from)) / 2), 0), n - size), size];
}

function prepareCoraNet(raw: Case, _: string | undefined, options: ProtocolOptions): ProtocolCase {
  const { scan, classes, notes, name } = resampled(raw, 'linear', options);
  const { start, size } = filledBox(classes, name);
  const sides = scan.shape.map((n, axis) => {
    const from = Math.max(start[axis]! - MARGIN, 0);
    return atLeast(from, Math.min(start[axis]! + size[axis]! + MARGIN, n), LEAST, n);
  });
  const box = { start: sides.map(([from]) => from) as Triple, size: sides.map(([, length]) => length) as Triple };
  return finish(scan, classes, box, false, notes);
}

const SHARED = {
  raw: 'a DICOM series a case below PANCREAS_0001 …, and labels label0001.nii.gz … anywhere in the folder',
  spacing: [1, 1, 1] as Triple,
  alignsLabels: true,
  recipe: RECIPE,
  find,
};

/** NIH Pancreas-CT as MC-Net (Wu et al.) and CRLN have it: 62 training and 20 test cases. */
export const pancreas: Protocol = {
  ...SHARED,
  name: 'pancreas',
  title: 'NIH Pancreas-CT, protocol of MC-Net, which CRLN uses (62 training, 20 test)',
  splits: mcNetSplits,
  steps: [
    'resample to 1 mm: image by cubic B-splines, label by the nearest voxel',
    'image: window −125 … 275 HU to [0, 1], then z-score over the whole scan',
    'crop: the label’s box and 25 voxels on each side in plane, more where 96 do not fit; all slices',
  ],
  remarks: [
    'The crop uses the label, also of test and unlabelled cases.',
    'Not comparable with figures on the 12 + 50 + 18 split (CoraNet, BCP, SDCL): that is `pancreas --protocol coranet`.',
  ],
  leastShape: [96, 96, 1],
  intensities: 'zscore',
  prepare: prepareMcNet,
};

/** NIH Pancreas-CT as CoraNet (Shi et al., TMI 2021), BCP and SDCL have it: 12 + 50 training and 18 test cases. */
export const pancreasCoraNet: Protocol = {
  ...SHARED,
  name: 'pancreas-coranet',
  title: 'NIH Pancreas-CT, protocol of CoraNet, BCP and SDCL (12 + 50 training, 18 test)',
  splits: coranetSplits,
  steps: [
    'resample to 1 mm: image linear, label by the nearest voxel',
    'image: window −125 … 275 HU to [0, 1]',
    'crop: the label’s box and 25 voxels on each side of all axes, at least 96 where the scan has them',
  ],
  remarks: [
    'The crop uses the label, also of test and unlabelled cases.',
    'Not comparable with figures on the 62/20 split (MC-Net, CRLN): that is `pancreas --protocol mc-net`.',
    'The reference takes the spacing in plane for the spacing of slices too; here all three are resampled to 1 mm.',
  ],
  leastShape: [96, 96, 1],
  intensities: 'window',
  prepare: prepareCoraNet,
};
