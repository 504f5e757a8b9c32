import { CrlnError } from '@crln/core';
import { type PercentileMethod, percentiles } from '../normalise.js';
import { checkOptions, checkRecord, type Field, type FieldsOf, oneOf, orNull } from './fields.js';
import { checkSample, type Sample, withImage } from './sample.js';
import { finiteMoments } from './statistics.js';
import type { Transform } from './transform.js';

/** Values beyond two percentiles, or one, brought to them. */
export interface PercentileClipRecord {
  readonly type: 'percentileClip';
  /** In per cent; null = this side is left alone. */
  readonly lower: number | null;
  readonly upper: number | null;
  /** `'inverted-cdf'` with lower null and upper 99.9 is the field's BraTS preparation, where the scan has whole numbers. */
  readonly method: PercentileMethod;
}

export interface PercentileClipOptions {
  /** Default 0.5. */
  lower?: number | null;
  /** Default 99.5. */
  upper?: number | null;
  /** Default `'linear'`. */
  method?: PercentileMethod;
}

const percent: Field = orNull({
  expected: 'a number from 0 to 100',
  holds: (value) => typeof value === 'number' && value >= 0 && value <= 100,
});
const FIELDS: FieldsOf<PercentileClipRecord> = {
  lower: percent,
  upper: percent,
  method: oneOf('linear', 'inverted-cdf'),
};

/** min(max(x, lower percentile), upper percentile). @throws `CrlnError` `not-finite` for an image with NaN or infinite voxels */
export function applyPercentileClip(sample: Sample, record: PercentileClipRecord): Sample {
  checkSample(sample, 'applyPercentileClip');
  checkRecord(record, 'percentileClip', FIELDS);
  const { lower, upper, method } = record;
  if (lower !== null && upper !== null && lower > upper) {
    throw new CrlnError('invalid-option', `percentileClip record: lower ${lower} is above upper ${upper}`, {
      lower,
      upper,
    });
  }
  const { image } = sample;
  finiteMoments(image, 'applyPercentileClip');
  const low = lower === null ? -Infinity : percentiles(image, [lower], method)[0]!;
  const high = upper === null ? Infinity : percentiles(image, [upper], method)[0]!;
  const out = image.slice();
  for (let n = 0; n < out.length; n++) out[n] = Math.min(Math.max(out[n]!, low), high);
  return withImage(sample, out);
}

export const percentileClip: Transform<PercentileClipRecord, PercentileClipOptions> = {
  fields: FIELDS,
  draw: (_rng, _shape, options) => {
    checkOptions(options, FIELDS, 'percentileClip');
    const { lower = 0.5, upper = 99.5, method = 'linear' } = options;
    return { type: 'percentileClip', lower, upper, method };
  },
  apply: applyPercentileClip,
};
