import type { RandomStream, Triple } from '@crln/core';
import { checkOptions, checkRecord, type Field, type FieldsOf, numberFrom, wholeFrom } from './fields.js';
import { checkSample, type Sample, withImage } from './sample.js';
import type { Transform } from './transform.js';

/** x·exp(Σ c·uⁱ·vʲ·wᵏ): the slow change of a coil's sensitivity. u, v, w run from −1 to 1 along axes 0, 1, 2. */
export interface BiasFieldRecord {
  readonly type: 'biasField';
  /** Terms with 1 ≤ i + j + k ≤ order. */
  readonly order: number;
  /** Their c, with k running fastest, then j, then i. */
  readonly coefficients: readonly number[];
}

export interface BiasFieldOptions {
  /** Default 3. */
  order?: number;
  /** Largest |c|. Default 0.3. */
  strength?: number;
}

const order = wholeFrom(1, 6);
/** Together no more: e⁴⁰ times an image is still a float32. */
const MOST = 40;
const coefficients: Field = {
  expected: `a list of numbers whose absolute values add up to ${MOST} at most`,
  holds: (value) =>
    Array.isArray(value) &&
    value.every((c) => typeof c === 'number') &&
    value.reduce((sum: number, c: number) => sum + Math.abs(c), 0) <= MOST,
};
const FIELDS: FieldsOf<BiasFieldRecord> = { order, coefficients };

/** Exponents (i, j, k) of the terms, in the order of the coefficients. */
function exponents(most: number): Triple[] {
  const terms: Triple[] = [];
  for (let i = 0; i <= most; i++)
    for (let j = 0; i + j <= most; j++)
      for (let k = 0; i + j + k <= most; k++) if (i + j + k > 0) terms.push([i, j, k]);
  return terms;
}

/** Draws the coefficients from U(−strength, strength). @throws `CrlnError` `invalid-option`, `unknown-option` */
export function drawBiasField(rng: RandomStream, _shape: Triple, options: BiasFieldOptions = {}): BiasFieldRecord {
  const strengths: Field = {
    expected: 'a number from 0 to 0.4',
    holds: (x) => numberFrom(0).holds(x) && Number(x) <= 0.4,
  };
  checkOptions(options, { order, strength: strengths }, 'drawBiasField');
  const { order: most = 3, strength = 0.3 } = options;
  return { type: 'biasField', order: most, coefficients: exponents(most).map(() => rng.range(-strength, strength)) };
}

/** x·exp(Σ c·uⁱ·vʲ·wᵏ). An axis of one voxel lies at 0. */
export function applyBiasField(sample: Sample, record: BiasFieldRecord): Sample {
  checkSample(sample, 'applyBiasField');
  checkRecord(record, 'biasField', FIELDS);
  const terms = exponents(record.order);
  const wanted = {
    expected: `${terms.length} numbers for order ${record.order}`,
    holds: (c: unknown) => (c as number[]).length === terms.length,
  };
  checkRecord(record, 'biasField', { order, coefficients: wanted });
  const { image, shape } = sample;
  const at = (index: number, n: number): number => (n === 1 ? 0 : (2 * index) / (n - 1) - 1);
  const out = new Float32Array(image.length);
  const line = new Float64Array(record.order + 1);
  const w = Float64Array.from({ length: shape[2] }, (_, k) => at(k, shape[2]));
  let voxel = 0;
  for (let i = 0; i < shape[0]; i++) {
    const u = at(i, shape[0]);
    for (let j = 0; j < shape[1]; j++) {
      const v = at(j, shape[1]);
      // Along a line of axis 2, the exponent is a polynomial of w alone.
      line.fill(0);
      terms.forEach(([a, b, c], n) => {
        line[c]! += record.coefficients[n]! * u ** a * v ** b;
      });
      for (let k = 0; k < shape[2]; k++, voxel++) {
        let sum = 0;
        for (let c = record.order; c >= 0; c--) sum = sum * w[k]! + line[c]!;
        out[voxel] = image[voxel]! * Math.exp(sum);
      }
    }
  }
  return withImage(sample, out);
}

export const biasField: Transform<BiasFieldRecord, BiasFieldOptions> = {
  fields: FIELDS,
  draw: drawBiasField,
  apply: applyBiasField,
};
