import { isCrlnError, stream, type Triple } from '@crln/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyCrop,
  applyFlip,
  applyTransforms,
  drawTransforms,
  foregroundCrop,
  parseTransforms,
  type TransformSpec,
} from '../../src/index.js';
import { sampleOf, shapes } from './samples.js';

const everything: TransformSpec[] = [
  { type: 'pad', size: [4, 6, 5], outside: 'mirror' },
  { type: 'crop', size: [4, 5, 5] },
  { type: 'flip' },
  {
    type: 'rot90',
    planes: [
      [0, 1],
      [1, 2],
    ],
    keepShape: false,
  },
  {
    type: 'affine',
    rotation: 30,
    scale: [0.8, 1.25],
    shear: 0.1,
    translation: [1, 2, 0],
    interpolation: 'bspline',
    outside: 'reflect',
  },
  { type: 'resample', size: [5, 5, 6] },
  { type: 'percentileClip', lower: null },
  { type: 'zScore' },
  { type: 'brightness', probability: 0.5, shift: [-0.1, 0.1] },
  { type: 'contrast', probability: 0.5 },
  { type: 'gamma', probability: 0.5, invert: 0.5, keepStatistics: true },
  { type: 'gaussianBlur' },
  { type: 'biasField' },
  { type: 'gaussianNoise', clip: 0.2 },
  { type: 'huWindow', centre: 0, width: 6 },
  { type: 'minMax' },
  { type: 'foregroundCrop', of: 'image', margin: 1 },
];

/** The error that a call ends in: its code and its message. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isCrlnError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'nothing was thrown';
}

describe('applyTransforms', () => {
  it('replays records that went through JSON to the same bits, and changes nothing it was given', () => {
    fc.assert(
      fc.property(shapes, fc.integer(), (shape, seed) => {
        const sample = sampleOf(shape);
        const records = drawTransforms(stream(seed, 'test'), sample, everything);
        const once = applyTransforms(sample, records);
        expect(applyTransforms(sample, parseTransforms(JSON.parse(JSON.stringify(records))))).toEqual(once);
        expect(sample).toEqual(sampleOf(shape));
        expect(once.image.every(Number.isFinite)).toBe(true);
        expect(once.label!.every((c) => c <= 3)).toBe(true);
        expect(drawTransforms(stream(seed, 'test'), sample, everything)).toEqual(records);
      }),
    );
  });

  it('does one after the other', () => {
    const sample = sampleOf([5, 4, 3]);
    const crop = { type: 'crop', start: [1, 0, 0], size: [3, 4, 3] } as const;
    const flip = { type: 'flip', axes: [0] } as const;
    const both = applyTransforms(sample, [{ ...crop, start: [...crop.start], size: [...crop.size] }, flip]);
    expect(both).toEqual(applyFlip(applyCrop(sample, { ...crop, start: [1, 0, 0], size: [3, 4, 3] }), flip));
    expect(applyTransforms(sample, [])).toEqual(sample);
  });

  it('refuses a sample that contradicts itself', () => {
    const { image, label } = sampleOf([2, 2, 2]);
    expect(refusal(() => applyTransforms({ image, shape: [2, 2, 3] }, []))).toMatch(
      /^invalid-shape: .*expected image of \[2,2,3\] = 12 voxels, got 8/,
    );
    const short = { image, label: label!.slice(1), shape: [2, 2, 2] as Triple };
    expect(refusal(() => applyTransforms(short, []))).toMatch(/^invalid-shape: .*expected label of .*, got 7/);
    expect(refusal(() => applyTransforms({ image, shape: [8, 1] as unknown as Triple }, []))).toMatch(/^invalid-shape/);
  });
});

describe('parseTransforms', () => {
  it('names what is unknown and the nearest that is known', () => {
    expect(refusal(() => parseTransforms([{ type: 'flip', axes: [] }, { type: 'rot09' }]))).toMatch(
      /^unknown-option: transforms\[1\]: there is no transform 'rot09'; did you mean 'rot90'\?/,
    );
    expect(refusal(() => parseTransforms([{ type: 'flip', axis: [0] }]))).toBe(
      "unknown-option: flip record: there is no 'axis'; did you mean 'axes'? It has type, axes",
    );
    expect(refusal(() => parseTransforms([{ type: 'copyPaste' }]))).toMatch(
      /'copyPaste' is of two samples; applyCopyPaste/,
    );
    expect(refusal(() => parseTransforms([{ type: 'toString' }]))).toMatch(/^unknown-option/);
  });

  it('names the field that is wrong, what it must be and what it was', () => {
    const record = { type: 'crop', start: [0, 0, 0], size: [1, 1, 1] };
    for (const [json, message] of [
      [[{ ...record, start: [0, -1, 0] }], 'crop record: start must be three whole numbers >= 0, got [0, -1, 0]'],
      [[{ ...record, size: [1, 1] }], 'crop record: size must be three whole numbers >= 1, got [1, 1]'],
      [[{ type: 'crop', size: [1, 1, 1] }], 'crop record: start must be three whole numbers >= 0, got nothing'],
      [[{ type: 'rot90', k: 4, plane: [0, 1] }], 'rot90 record: k must be one of 0, 1, 2, 3, got 4'],
      [
        [{ type: 'rot90', k: 1, plane: [1, 1] }],
        'rot90 record: plane must be two different axes out of 0, 1, 2, got [1, 1]',
      ],
      [
        [{ type: 'gaussianNoise', sigma: '1', clip: null, seed: 0 }],
        "gaussianNoise record: sigma must be a number >= 0, got '1'",
      ],
      [
        [{ type: 'gaussianNoise', sigma: 1, clip: null, seed: 2 ** 32 }],
        'gaussianNoise record: seed must be a whole number of 32 bits, got 4294967296',
      ],
      [
        [{ type: 'gamma', gamma: 0, invert: false, keepStatistics: false }],
        'gamma record: gamma must be a number > 0, got 0',
      ],
      [[{ type: 'huWindow', centre: 0, width: Number.NaN }], 'huWindow record: width must be a number > 0, got NaN'],
      [[null], 'transforms[0]: expected an object with a type, got null'],
      [[{ type: 3 }], 'transforms[0]: type must be the name of a transform, got 3'],
      [{}, 'transforms: expected a list, got an object'],
    ] as const) {
      expect(refusal(() => parseTransforms(json))).toBe(`invalid-option: ${message}`);
    }
  });

  it('ends in records or a CrlnError, whatever it is given', () => {
    const types = fc.constantFrom('crop', 'flip', 'affine', 'gaussianBlur', 'biasField', 'pad');
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant([1, 1, 1]), fc.constant([0, 0, 0]), fc.integer());
    const names = fc.constantFrom(
      'start',
      'size',
      'axes',
      'rotation',
      'scale',
      'sigma',
      'order',
      'coefficients',
      '__proto__',
    );
    fc.assert(
      fc.property(types, fc.dictionary(names, value), (type, fields) => {
        const result = refusal(() => applyTransforms(sampleOf([2, 2, 2]), parseTransforms([{ ...fields, type }])));
        expect(result).toMatch(/^(nothing was thrown|[a-z-]+: )/);
      }),
    );
  });
});

describe('drawTransforms', () => {
  it('follows the shape from one transform to the next', () => {
    const records = drawTransforms(
      stream(5, 'test'),
      [3, 9, 4],
      [
        { type: 'pad', size: [8, 8, 8] },
        { type: 'rot90', planes: [[1, 2]], keepShape: false },
        { type: 'crop', size: [8, 8, 8], at: 'centre' },
      ],
    );
    const sample = applyTransforms(sampleOf([3, 9, 4]), records);
    expect(sample.shape).toEqual([8, 8, 8]);
  });

  it('looks for the foreground in what the transforms before have made', () => {
    const sample = { image: Float32Array.of(1, 0, 0, 0), label: Uint8Array.of(1, 0, 0, 0), shape: [4, 1, 1] as Triple };
    const flip = { type: 'flip', axes: [0], eachAxis: 1 } as const;
    const records = drawTransforms(stream(0, 'test'), sample, [flip, { type: 'foregroundCrop' }]);
    expect(records[1]).toEqual({ type: 'crop', start: [3, 0, 0], size: [1, 1, 1] });
    expect(foregroundCrop(sample)).toEqual({ type: 'crop', start: [0, 0, 0], size: [1, 1, 1] });
    expect(refusal(() => drawTransforms(stream(0, 'test'), [4, 1, 1], [{ type: 'foregroundCrop' }]))).toMatch(
      /^invalid-argument: .*needs the sample/,
    );
  });

  it('leaves out what is left to chance as often as asked', () => {
    const count = Array.from({ length: 400 }, (_, n) =>
      drawTransforms(stream(n, 'test'), [4, 4, 4], [{ type: 'gamma', probability: 0.25 }]),
    ).filter((records) => records.length > 0).length;
    expect(Math.abs(count - 100)).toBeLessThan(40);
  });

  it('refuses names, options and probabilities that there are not', () => {
    const draw = (spec: object) => refusal(() => drawTransforms(stream(0, 'test'), [4, 4, 4], [spec as TransformSpec]));
    expect(draw({ type: 'gama' })).toMatch(/^unknown-option: drawTransforms, specs\[0\]: .*did you mean 'gamma'/);
    expect(draw({ type: 'gamma', gama: [1, 2] })).toMatch(/^unknown-option: drawGamma: .*did you mean 'gamma'/);
    expect(draw({ type: 'gamma', gamma: [2, 1] })).toMatch(/^invalid-option: drawGamma: gamma must be/);
    expect(draw({ type: 'gamma', probability: 2 })).toMatch(
      /^invalid-option: .*probability must be a number from 0 to 1/,
    );
    expect(draw({ type: 'minMax', low: 0 })).toMatch(/^unknown-option: minMax: there is no 'low'; it has no fields/);
    expect(draw({ type: 'crop' })).toMatch(/^invalid-option: drawCrop: size must be/);
    expect(draw({ type: 'gaussianBlur', sigma: [1, 1e9] })).toMatch(/^invalid-option: drawGaussianBlur: sigma must be/);
  });
});
