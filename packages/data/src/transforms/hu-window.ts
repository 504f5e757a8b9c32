import { checkOptions, checkRecord, type FieldsOf, field, numberFrom } from './fields.js';
import { checkSample, type Sample, withImage } from './sample.js';
import type { Transform } from './transform.js';

/** The window of a CT in Hounsfield units, scaled to [0, 1]: centre 75, width 400 shows −125 … 275. */
export interface HuWindowRecord {
  readonly type: 'huWindow';
  readonly centre: number;
  readonly width: number;
}

export type HuWindowOptions = Omit<HuWindowRecord, 'type'>;

const FIELDS: FieldsOf<HuWindowRecord> = { centre: field.number, width: numberFrom(0, true) };

/** (x − (centre − width/2))/width, clipped to [0, 1]. */
export function applyHuWindow(sample: Sample, record: HuWindowRecord): Sample {
  checkSample(sample, 'applyHuWindow');
  checkRecord(record, 'huWindow', FIELDS);
  const low = record.centre - record.width / 2;
  const image = sample.image.slice();
  for (let n = 0; n < image.length; n++) image[n] = Math.min(Math.max((image[n]! - low) / record.width, 0), 1);
  return withImage(sample, image);
}

export const huWindow: Transform<HuWindowRecord, HuWindowOptions> = {
  fields: FIELDS,
  draw: (_rng, _shape, options) => {
    checkOptions(options, FIELDS, 'huWindow', ['centre', 'width']);
    return { type: 'huWindow', centre: options.centre, width: options.width };
  },
  apply: applyHuWindow,
};
