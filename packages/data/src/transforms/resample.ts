import type { Triple } from '@crln/core';
import { INTERPOLATIONS, type Interpolation, resampleToShape, shapeAtSpacing } from '../resample.js';
import { volume } from '../volume.js';
import { checkOptions, checkRecord, type FieldsOf, field, oneOf } from './fields.js';
import { checkSample, checkShape, type Sample } from './sample.js';
import type { Transform } from './transform.js';

/** Another grid over the same extent. */
export interface ResampleRecord {
  readonly type: 'resample';
  readonly size: Triple;
  /** Of the image; the label takes the nearest voxel's. */
  readonly interpolation: Interpolation;
}

export interface ResampleOptions {
  /** Default `'bspline'`. */
  interpolation?: Interpolation;
  /** The new shape; or else `from` and `to`. */
  size?: Triple;
  /** Spacing that the sample has, in mm. */
  from?: Triple;
  /** Spacing wanted, in mm; met as nearly as whole voxels allow. */
  to?: Triple;
}

const interpolation = oneOf(...INTERPOLATIONS);
const FIELDS: FieldsOf<ResampleRecord> = { size: field.sides, interpolation };

/** The resampling of a volume of `shape` to a size or a spacing. @throws `CrlnError` `invalid-option`, `unknown-option` */
export function resampleTo(shape: Triple, options: ResampleOptions): ResampleRecord {
  checkShape(shape, 'resampleTo');
  const { size, from, to } = options;
  checkOptions(
    options,
    { interpolation, size: field.sides, from: field.positives, to: field.positives },
    'resampleTo',
    size === undefined ? ['from', 'to'] : ['size'],
  );
  const found = size ?? shapeAtSpacing(shape, from as Triple, to as Triple);
  return { type: 'resample', size: [...found], interpolation: options.interpolation ?? 'bspline' };
}

/** Resamples as `resampleToShape`. @throws `CrlnError` `invalid-shape` */
export function applyResample(sample: Sample, record: ResampleRecord): Sample {
  checkSample(sample, 'applyResample');
  checkRecord(record, 'resample', FIELDS);
  const { image, label, shape } = sample;
  const place = (data: Float32Array | Uint8Array, mode: Interpolation) =>
    resampleToShape(volume(data, shape), record.size, mode).data;
  return {
    image: place(image, record.interpolation) as Float32Array,
    ...(label && { label: place(label, 'nearest') as Uint8Array }),
    shape: [...record.size],
  };
}

export const resample: Transform<ResampleRecord, ResampleOptions> = {
  fields: FIELDS,
  draw: (_rng, shape, options) => resampleTo(shape, options),
  apply: applyResample,
  shape: (_, record) => [...record.size],
};
