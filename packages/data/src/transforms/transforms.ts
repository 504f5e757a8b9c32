import { CrlnError, nearest, type RandomStream, type Triple } from '@crln/core';
import { type AffineOptions, type AffineRecord, affine } from './affine.js';
import { type BiasFieldOptions, type BiasFieldRecord, biasField } from './bias-field.js';
import { type BrightnessOptions, type BrightnessRecord, brightness } from './brightness.js';
import { type ContrastOptions, type ContrastRecord, contrast } from './contrast.js';
import { type CropOptions, type CropRecord, crop, type ForegroundCropOptions, foregroundCrop } from './crop.js';
import { checkRecord, type FieldsOf, field, shown } from './fields.js';
import { type FlipOptions, type FlipRecord, flip } from './flip.js';
import { type GammaOptions, type GammaRecord, gamma } from './gamma.js';
import { type GaussianBlurOptions, type GaussianBlurRecord, gaussianBlur } from './gaussian-blur.js';
import { type GaussianNoiseOptions, type GaussianNoiseRecord, gaussianNoise } from './gaussian-noise.js';
import { type HuWindowOptions, type HuWindowRecord, huWindow } from './hu-window.js';
import { type MinMaxRecord, minMax } from './min-max.js';
import { type PadOptions, type PadRecord, pad } from './pad.js';
import { type PercentileClipOptions, type PercentileClipRecord, percentileClip } from './percentile-clip.js';
import { type ResampleOptions, type ResampleRecord, resample } from './resample.js';
import { type Rot90Options, type Rot90Record, rot90 } from './rot90.js';
import { checkSample, checkShape, type Sample } from './sample.js';
import type { Transform } from './transform.js';
import { type ZScoreOptions, type ZScoreRecord, zScore } from './z-score.js';

/** Record and options of every transform of one sample. */
interface Kinds {
  crop: [CropRecord, CropOptions];
  pad: [PadRecord, PadOptions];
  flip: [FlipRecord, FlipOptions];
  rot90: [Rot90Record, Rot90Options];
  affine: [AffineRecord, AffineOptions];
  resample: [ResampleRecord, ResampleOptions];
  brightness: [BrightnessRecord, BrightnessOptions];
  contrast: [ContrastRecord, ContrastOptions];
  gamma: [GammaRecord, GammaOptions];
  gaussianNoise: [GaussianNoiseRecord, GaussianNoiseOptions];
  gaussianBlur: [GaussianBlurRecord, GaussianBlurOptions];
  biasField: [BiasFieldRecord, BiasFieldOptions];
  minMax: [MinMaxRecord, Record<never, never>];
  zScore: [ZScoreRecord, ZScoreOptions];
  percentileClip: [PercentileClipRecord, PercentileClipOptions];
  huWindow: [HuWindowRecord, HuWindowOptions];
}
type Kind = keyof Kinds;

/** One transform of one sample, decided: plain JSON. */
export type TransformRecord = Kinds[Kind][0];

/** What may be drawn in place of a kind of record: a crop by what the sample holds. */
interface Draws extends Kinds {
  foregroundCrop: [CropRecord, ForegroundCropOptions];
}

/** A transform to be drawn: its name, its options, and with what probability it is done at all (1 unless said). Plain JSON. */
export type TransformSpec = {
  [K in keyof Draws]: { readonly type: K; readonly probability?: number } & Draws[K][1];
}[keyof Draws];

const TRANSFORMS: { readonly [K in Kind]: Transform<Kinds[K][0], Kinds[K][1]> } = {
  crop,
  pad,
  flip,
  rot90,
  affine,
  resample,
  brightness,
  contrast,
  gamma,
  gaussianNoise,
  gaussianBlur,
  biasField,
  minMax,
  zScore,
  percentileClip,
  huWindow,
};
const DRAWS: { readonly [K in keyof Draws]: Pick<Transform<Draws[K][0], Draws[K][1]>, 'draw'> } = {
  ...TRANSFORMS,
  foregroundCrop: { draw: (_rng, _shape, options, sample) => foregroundCrop(sample(), options) },
};
const PAIRS: Readonly<Record<string, string>> = { cutMix: 'applyCutMix', copyPaste: 'applyCopyPaste' };

/** @throws `CrlnError` `unknown-option` where a name is none of `known`, with the nearest; `invalid-option` where there is no name */
function checkType(type: unknown, known: readonly string[], where: string): void {
  if (typeof type === 'string' && known.includes(type)) return;
  if (typeof type !== 'string') {
    throw new CrlnError('invalid-option', `${where}: type must be the name of a transform, got ${shown(type)}`, {
      type,
      known,
    });
  }
  const pair = Object.hasOwn(PAIRS, type) ? PAIRS[type] : undefined;
  const hint = nearest(type, known);
  throw new CrlnError(
    'unknown-option',
    pair
      ? `${where}: '${type}' is of two samples; ${pair} takes them`
      : `${where}: there is no transform '${type}'; did you mean '${hint}'? There are ${known.join(', ')}`,
    { type, known, nearest: hint },
  );
}

const typeOf = (value: unknown, where: string): unknown => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return (value as { type?: unknown }).type;
  throw new CrlnError('invalid-option', `${where}: expected an object with a type, got ${shown(value)}`, {
    value,
  });
};

function checkList(value: unknown, name: string): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) {
    throw new CrlnError('invalid-option', `${name}: expected a list, got ${shown(value)}`, { name, value });
  }
}

// For a K that is not known, the record's type and its entry in the table still belong together.
const check = <K extends Kind>(type: K, record: unknown): void =>
  checkRecord(record as { type: K }, type, TRANSFORMS[type].fields as FieldsOf<{ type: K }>);
const apply = <K extends Kind>(type: K, sample: Sample, record: Kinds[K][0]): Sample =>
  TRANSFORMS[type].apply(sample, record);
const shapeAfter = <K extends Kind>(type: K, shape: Triple, record: Kinds[K][0]): Triple =>
  TRANSFORMS[type].shape?.(shape, record) ?? shape;

/**
 * Records from parsed JSON.
 *
 * @throws `CrlnError` `unknown-option` naming a transform or a field that there is not, and the nearest that there is; `invalid-option`
 * naming a field and what it must be
 */
export function parseTransforms(json: unknown, name = 'transforms'): TransformRecord[] {
  checkList(json, name);
  return json.map((record, n) => {
    const type = typeOf(record, `${name}[${n}]`);
    checkType(type, Object.keys(TRANSFORMS), `${name}[${n}]`);
    check(type as Kind, record);
    return record as TransformRecord;
  });
}

/**
 * Carries out records one after the other. A pure function: the same sample and records, also through JSON, give the same bits.
 *
 * @throws `CrlnError` as {@link parseTransforms} and the transforms do
 */
export function applyTransforms(sample: Sample, records: readonly TransformRecord[]): Sample {
  checkSample(sample, 'applyTransforms');
  return parseTransforms(records, 'applyTransforms').reduce((so, record) => apply(record.type, so, record), sample);
}

/**
 * Draws a list of transforms for a sample, or for any of a shape; what is left to chance is left out of the list.
 *
 * @throws `CrlnError` `unknown-option` and `invalid-option` as {@link parseTransforms}; `invalid-argument` where voxels must be seen
 * (`foregroundCrop`) and only a shape was given
 */
export function drawTransforms(
  rng: RandomStream,
  source: Sample | Triple,
  specs: readonly TransformSpec[],
): TransformRecord[] {
  checkList(specs, 'drawTransforms');
  const given: Sample | undefined = 'image' in source ? source : undefined;
  let shape = 'image' in source ? source.shape : source;
  checkShape(shape, 'drawTransforms');
  const records: TransformRecord[] = [];
  const sample = (): Sample => {
    if (given) return applyTransforms(given, records);
    throw new CrlnError(
      'invalid-argument',
      'drawTransforms: a crop to the foreground needs the sample, not only its shape',
    );
  };
  for (const [n, spec] of specs.entries()) {
    const where = `drawTransforms, specs[${n}]`;
    checkType(typeOf(spec, where), Object.keys(DRAWS), where);
    const { type, probability = 1, ...options } = spec;
    if (!field.probability.holds(probability)) {
      const { expected } = field.probability;
      throw new CrlnError('invalid-option', `${where}: probability must be ${expected}, got ${shown(probability)}`, {
        probability,
      });
    }
    if (!rng.bernoulli(probability)) continue;
    const { draw } = DRAWS[type] as Pick<Transform<TransformRecord, object>, 'draw'>;
    const record = draw(rng, shape, options, sample);
    records.push(record);
    shape = shapeAfter(record.type, shape, record);
  }
  return records;
}
