import { isFlat } from '../normalise.js';
import { checkOptions, checkRecord, type FieldsOf, oneOf } from './fields.js';
import { checkSample, type Sample, withImage } from './sample.js';
import { finiteMoments } from './statistics.js';
import type { Transform } from './transform.js';

/** (x − mean)/(standard deviation of the population). */
export interface ZScoreRecord {
  readonly type: 'zScore';
  /** Voxels that mean and deviation are taken of: all, those above 0 (a brain without its background), or those with a label above 0. */
  readonly over: 'all' | 'positive' | 'label';
  /** Whether the other voxels are scaled too, or become 0. */
  readonly others: 'scale' | 'zero';
}

export interface ZScoreOptions {
  /** Default `'all'`. */
  over?: ZScoreRecord['over'];
  /** Default `'scale'`. */
  others?: ZScoreRecord['others'];
}

const FIELDS: FieldsOf<ZScoreRecord> = { over: oneOf('all', 'positive', 'label'), others: oneOf('scale', 'zero') };

/**
 * (x − mean)/deviation; zeros where the deviation is 0.
 *
 * @throws `CrlnError` `not-finite` for an image with NaN or infinite voxels; `invalid-data` where no voxel is in the mask
 */
export function applyZScore(sample: Sample, record: ZScoreRecord): Sample {
  checkSample(sample, 'applyZScore');
  checkRecord(record, 'zScore', FIELDS);
  const { image, label } = sample;
  // Without a label there is none above 0.
  const mask = { all: undefined, positive: image, label: label ?? new Uint8Array(image.length) }[record.over];
  const { mean, deviation } = finiteMoments(image, 'applyZScore', mask);
  const flat = isFlat(deviation, mean);
  const zero = record.others === 'zero' && mask;
  return withImage(
    sample,
    image.map((x, n) => (flat || (zero && !(zero[n]! > 0)) ? 0 : (x - mean) / deviation)),
  );
}

export const zScore: Transform<ZScoreRecord, ZScoreOptions> = {
  fields: FIELDS,
  draw: (_rng, _shape, options) => {
    checkOptions(options, FIELDS, 'zScore');
    return { type: 'zScore', over: options.over ?? 'all', others: options.others ?? 'scale' };
  },
  apply: applyZScore,
};
