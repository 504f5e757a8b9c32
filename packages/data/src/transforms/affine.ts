import { CrlnError, type RandomStream, type Triple } from '@crln/core';
import { OUTSIDES, type Outside } from '../boundary.js';
import { INTERPOLATIONS, type Interpolation } from '../resample.js';
import { type AffineGeometry, affineMap, isIdentity } from './affine-map.js';
import { checkOptions, checkRecord, either, type FieldsOf, field, numberFrom, oneOf, rangeFrom } from './fields.js';
import { checkSample, checkShape, type Sample } from './sample.js';
import type { Transform } from './transform.js';
import { warp } from './warp.js';

/** Rotation, shear, scale and translation of the content about the centre of the volume; the grid stays. See {@link applyAffine}. */
export interface AffineRecord extends AffineGeometry {
  readonly type: 'affine';
  /** Of the image; the label takes the nearest voxel's. */
  readonly interpolation: Interpolation;
  readonly outside: Outside;
  /** Of the image where `outside` is `'constant'`. */
  readonly value: number;
  /** Of the label there. */
  readonly labelValue: number;
}

export interface AffineOptions {
  /** Largest angle either way, in degrees: one number, or one an axis. Default 0. */
  rotation?: number | Triple;
  /** Range of the scale factors. Default [1, 1]. */
  scale?: readonly [number, number];
  /** One factor for the three axes. Default true. */
  sameScale?: boolean;
  /** Largest shear either way. Default 0. */
  shear?: number;
  /** Largest translation either way, in voxels: one number, or one an axis. Default 0. */
  translation?: number | Triple;
  /** Default [1, 1, 1]. */
  spacing?: Triple;
  /** Default `'linear'`. */
  interpolation?: Interpolation;
  /** Default `'constant'`. */
  outside?: Outside;
  /** Default 0. */
  value?: number;
  /** Default 0. */
  labelValue?: number;
}

const shared = {
  spacing: field.positives,
  interpolation: oneOf(...INTERPOLATIONS),
  outside: oneOf(...OUTSIDES),
  value: field.number,
  labelValue: field.classIndex,
};
const FIELDS: FieldsOf<AffineRecord> = {
  rotation: field.numbers,
  scale: field.positives,
  shear: field.numbers,
  translation: field.numbers,
  ...shared,
};
const OPTIONS: FieldsOf<AffineOptions> = {
  rotation: either(numberFrom(0), field.deviations),
  scale: rangeFrom(0, true),
  sameScale: field.boolean,
  shear: numberFrom(0),
  translation: either(numberFrom(0), field.deviations),
  ...shared,
};

/** Draws angles, factors, shears and translations, each uniformly. @throws `CrlnError` `invalid-option`, `unknown-option` */
export function drawAffine(rng: RandomStream, shape: Triple, options: AffineOptions = {}): AffineRecord {
  checkShape(shape, 'drawAffine');
  checkOptions(options, OPTIONS, 'drawAffine');
  const { rotation = 0, scale = [1, 1], sameScale = true, shear = 0, translation = 0 } = options;
  const { spacing = [1, 1, 1], interpolation = 'linear', outside = 'constant', value = 0, labelValue = 0 } = options;
  const within = (most: number | Triple): Triple =>
    [0, 1, 2].map((axis) => {
      const limit = typeof most === 'number' ? most : most[axis]!;
      return rng.range(-limit, limit);
    }) as Triple;
  const angles = within(rotation);
  const factors = [0, 1, 2].map(() => rng.range(...scale)) as Triple;
  return {
    type: 'affine',
    rotation: angles,
    scale: sameScale ? [factors[0], factors[0], factors[0]] : factors,
    shear: within(shear),
    translation: within(translation),
    spacing: [...spacing],
    interpolation,
    outside,
    value,
    labelValue,
  };
}

/**
 * Moves the content at voxel p to c + D⁻¹·R·H·S·D·(p − c) + t: c the volume's centre (n − 1)/2, D the spacing, S the scale, H the unit
 * upper triangular matrix of the shears, R = R₀·R₁·R₂ the rotations (right-handed, in the order of the axes), t the translation. Image by
 * `interpolation`, label by the nearest voxel, as `scipy.ndimage.affine_transform` with order 3, 1, 0. An identity gives the same bits.
 *
 * @throws `CrlnError` `invalid-option`, `unknown-option`, `invalid-shape`; `not-finite` where a spline would spread a NaN
 */
export function applyAffine(sample: Sample, record: AffineRecord): Sample {
  checkSample(sample, 'applyAffine');
  checkRecord(record, 'affine', FIELDS);
  const { image, label, shape } = sample;
  const { interpolation, outside, value, labelValue } = record;
  const matrix = affineMap(shape, record);
  if (isIdentity(matrix)) return { image: image.slice(), ...(label && { label: label.slice() }), shape: [...shape] };
  if (interpolation === 'bspline') {
    const at = image.findIndex((x) => x - x !== 0);
    if (at >= 0) {
      throw new CrlnError('not-finite', `applyAffine: voxel ${at} of the image is ${image[at]}; a spline spreads it`, {
        at,
      });
    }
  }
  return {
    image: warp(image, shape, matrix, { interpolation, outside, value }),
    ...(label && { label: warp(label, shape, matrix, { interpolation: 'nearest', outside, value: labelValue }) }),
    shape: [...shape],
  };
}

export const affine: Transform<AffineRecord, AffineOptions> = { fields: FIELDS, draw: drawAffine, apply: applyAffine };
