import { normalise } from '../normalise.js';
import { checkOptions, checkRecord, type FieldsOf } from './fields.js';
import { checkSample, type Sample, withImage } from './sample.js';
import { finiteMoments } from './statistics.js';
import type { Transform } from './transform.js';

/** (x − min)/(max − min). */
export interface MinMaxRecord {
  readonly type: 'minMax';
}

const FIELDS: FieldsOf<MinMaxRecord> = {};

/** (x − min)/(max − min); a constant image becomes zeros. @throws `CrlnError` `not-finite` for an image with NaN or infinite voxels */
export function applyMinMax(sample: Sample, record: MinMaxRecord): Sample {
  checkSample(sample, 'applyMinMax');
  checkRecord(record, 'minMax', FIELDS);
  finiteMoments(sample.image, 'applyMinMax');
  return withImage(sample, normalise(sample.image, 'minmax'));
}

export const minMax: Transform<MinMaxRecord, Record<never, never>> = {
  fields: FIELDS,
  draw: (_rng, _shape, options) => {
    checkOptions(options, {}, 'minMax');
    return { type: 'minMax' };
  },
  apply: applyMinMax,
};
