import { CrlnError, type RandomStream, type Triple } from '@crln/core';
import { boundingBox } from '../box.js';
import { checkOptions, checkRecord, either, type FieldsOf, field, oneOf, wholeFrom } from './fields.js';
import { axisMap, gatherAxes } from './gather.js';
import { checkSample, checkShape, type Sample } from './sample.js';
import type { Transform } from './transform.js';

/** A box cut out. */
export interface CropRecord {
  readonly type: 'crop';
  /** First voxel. */
  readonly start: Triple;
  readonly size: Triple;
}

export interface CropOptions {
  size: Triple;
  /** `'random'` (default): every place in the volume is as likely. `'centre'`: ⌊(n − size)/2⌋. */
  at?: 'random' | 'centre';
}

export interface ForegroundCropOptions {
  /** Where values above 0 are looked for. Default `'label'`. */
  of?: 'label' | 'image';
  /** Voxels added on every side, as far as there are any: one number or one an axis. Default 0. */
  margin?: number | Triple;
  /** Smallest size, margin included; the box grows on both sides alike and stays in the volume. Default 1 voxel. */
  atLeast?: Triple;
  /** Axes that are cropped; the others stay whole. Default all. */
  axes?: readonly number[];
}

const FIELDS: FieldsOf<CropRecord> = { start: field.position, size: field.sides };

const checkInside = (shape: Triple, { start, size }: Omit<CropRecord, 'type'>): void => {
  if (shape.every((n, axis) => start[axis]! + size[axis]! <= n)) return;
  throw new CrlnError(
    'invalid-shape',
    `crop: a box of [${size}] at [${start}] does not lie in a volume of [${shape}]; pad first`,
    { start, size, shape },
  );
};

/** Draws a crop. @throws `CrlnError` `invalid-shape` where the volume is smaller; `invalid-option`, `unknown-option` */
export function drawCrop(rng: RandomStream, shape: Triple, options: CropOptions): CropRecord {
  checkShape(shape, 'drawCrop');
  checkOptions(options, { size: field.sides, at: oneOf('random', 'centre') }, 'drawCrop', ['size']);
  const { size, at = 'random' } = options;
  checkInside(shape, { start: [0, 0, 0], size });
  const start = shape.map((n, axis) => {
    const room = n - size[axis]!;
    return at === 'centre' ? Math.floor(room / 2) : rng.integer(room + 1);
  }) as Triple;
  return { type: 'crop', start, size: [...size] };
}

/**
 * The crop to a sample's foreground.
 *
 * @throws `CrlnError` `invalid-data` where there is no foreground, or no label; `invalid-option`, `unknown-option`
 */
export function foregroundCrop(sample: Sample, options: ForegroundCropOptions = {}): CropRecord {
  checkSample(sample, 'foregroundCrop');
  checkOptions(
    options,
    {
      of: oneOf('label', 'image'),
      margin: either(wholeFrom(0, 2 ** 31 - 1), field.position),
      atLeast: field.sides,
      axes: field.axes,
    },
    'foregroundCrop',
  );
  const { of = 'label', margin = 0, atLeast = [1, 1, 1], axes = [0, 1, 2] } = options;
  const { shape } = sample;
  const data = sample[of];
  const box = data && boundingBox(data, shape);
  if (!box) {
    throw new CrlnError(
      'invalid-data',
      `foregroundCrop: the sample of [${shape}] has no ${data ? `${of} value above 0` : 'label'} to crop to`,
      { of, shape },
    );
  }
  const start: Triple = [0, 0, 0];
  const size: Triple = [...shape];
  for (const axis of axes) {
    const n = shape[axis]!;
    const wide = typeof margin === 'number' ? margin : margin[axis]!;
    const low = Math.max(box.start[axis]! - wide, 0);
    const high = Math.min(box.start[axis]! + box.size[axis]! + wide, n);
    const side = Math.min(Math.max(high - low, atLeast[axis]!), n);
    start[axis] = Math.min(Math.max(low - Math.floor((side - (high - low)) / 2), 0), n - side);
    size[axis] = side;
  }
  return { type: 'crop', start, size };
}

/** Cuts the box out. @throws `CrlnError` `invalid-shape` where it does not lie in the sample */
export function applyCrop(sample: Sample, record: CropRecord): Sample {
  checkSample(sample, 'applyCrop');
  checkRecord(record, 'crop', FIELDS);
  checkInside(sample.shape, record);
  const maps = record.size.map((size, axis) => axisMap(sample.shape[axis]!, record.start[axis]!, size, 'constant'));
  return {
    image: gatherAxes(sample.image, sample.shape, maps, 0),
    ...(sample.label && { label: gatherAxes(sample.label, sample.shape, maps, 0) }),
    shape: [...record.size],
  };
}

const shapeAfter = (_: Triple, record: CropRecord): Triple => [...record.size];

export const crop: Transform<CropRecord, CropOptions> = {
  fields: FIELDS,
  draw: drawCrop,
  apply: applyCrop,
  shape: shapeAfter,
};
