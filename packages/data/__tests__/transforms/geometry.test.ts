import { stream, type Triple } from '@crln/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyCrop,
  applyFlip,
  applyPad,
  applyResample,
  applyRot90,
  drawCrop,
  drawFlip,
  drawRot90,
  foregroundCrop,
  padTo,
  resampleTo,
  resampleToShape,
  volume,
} from '../../src/index.js';
import { arrayOf, cases, expectClose } from './golden.js';
import { sampleOf, shapes } from './samples.js';

const planes = fc.constantFrom<[number, number]>([0, 1], [1, 0], [0, 2], [2, 0], [1, 2], [2, 1]);
const rng = (seed = 0) => stream(seed, 'test');

describe('flip', () => {
  it('is np.flip', () => {
    const image = arrayOf(cases.rearrange.input);
    for (const { axes, expected } of cases.rearrange.flip) {
      const flipped = applyFlip({ image, shape: [3, 4, 5] }, { type: 'flip', axes });
      expect(flipped.image).toEqual(arrayOf(expected));
    }
  });

  it('done twice changes nothing, image or label', () => {
    fc.assert(
      fc.property(shapes, fc.subarray([0, 1, 2]), (shape, axes) => {
        const sample = sampleOf(shape);
        const record = { type: 'flip', axes } as const;
        expect(applyFlip(applyFlip(sample, record), record)).toEqual(sample);
      }),
    );
  });

  it('is drawn of the axes allowed, each as often as asked', () => {
    const drawn = Array.from({ length: 400 }, (_, n) => drawFlip(rng(n), [4, 4, 4], { axes: [0, 2], eachAxis: 0.25 }));
    const count = (axis: number) => drawn.filter(({ axes }) => axes.includes(axis)).length;
    expect(count(1)).toBe(0);
    for (const axis of [0, 2]) expect(Math.abs(count(axis) - 100)).toBeLessThan(40);
  });
});

describe('rot90', () => {
  it('is np.rot90 in every plane', () => {
    const image = arrayOf(cases.rearrange.input);
    for (const { k, plane, expected } of cases.rearrange.rot90) {
      const turned = applyRot90({ image, shape: [3, 4, 5] }, { type: 'rot90', k, plane });
      expect(turned.shape).toEqual(expected.shape);
      expect(turned.image).toEqual(arrayOf(expected));
    }
  });

  it('done four times changes nothing; k turns are k single ones; the other way round undoes them', () => {
    fc.assert(
      fc.property(shapes, planes, fc.constantFrom(0, 1, 2, 3), (shape, plane, k) => {
        const sample = sampleOf(shape);
        const once = { type: 'rot90', k: 1, plane } as const;
        let turned = sample;
        const stations = [turned];
        for (let n = 0; n < 4; n++) {
          turned = applyRot90(turned, once);
          stations.push(turned);
        }
        expect(turned).toEqual(sample);
        const record = { type: 'rot90', k: k as 0 | 1 | 2 | 3, plane } as const;
        expect(applyRot90(sample, record)).toEqual(stations[k]);
        expect(applyRot90(stations[k]!, { ...record, plane: [plane[1], plane[0]] })).toEqual(sample);
      }),
    );
  });

  it('keeps the shape where that is asked, and draws every turn of a square', () => {
    const ks = (shape: Triple, keepShape: boolean) =>
      new Set(Array.from({ length: 60 }, (_, n) => drawRot90(rng(n), shape, { planes: [[0, 2]], keepShape }).k));
    expect(ks([4, 5, 6], true)).toEqual(new Set([0, 2]));
    expect(ks([4, 5, 6], false)).toEqual(new Set([0, 1, 2, 3]));
    expect(ks([4, 5, 4], true)).toEqual(new Set([0, 1, 2, 3]));
  });
});

describe('pad and crop', () => {
  it('pads as np.pad, also by more than the volume has', () => {
    const { width, value, expected } = cases.rearrange.pad;
    const image = arrayOf(cases.rearrange.input);
    for (const { outside, expected: wanted } of expected) {
      const padded = applyPad(
        { image, label: Uint8Array.from(image), shape: [3, 4, 5] },
        {
          type: 'pad',
          before: width.map(([n]) => n) as Triple,
          after: width.map(([, n]) => n) as Triple,
          outside,
          value,
          labelValue: value,
        },
      );
      expect(padded.shape).toEqual(wanted.shape);
      expect(padded.image).toEqual(arrayOf(wanted));
      expect([...padded.label!]).toEqual([...padded.image]);
    }
  });

  it('cut away again leaves what there was', () => {
    fc.assert(
      fc.property(shapes, shapes, (shape, size) => {
        const sample = sampleOf(shape);
        const record = padTo(shape, { size });
        const padded = applyPad(sample, record);
        expect(padded.shape).toEqual(shape.map((n, axis) => Math.max(n, size[axis]!)));
        expect(applyCrop(padded, { type: 'crop', start: record.before, size: shape })).toEqual(sample);
        // What padTo adds on both sides, a crop at the centre takes away.
        expect(drawCrop(rng(), padded.shape, { size: shape, at: 'centre' }).start).toEqual(record.before);
      }),
    );
  });

  it('draws every place of the box and none outside', () => {
    const starts = Array.from({ length: 200 }, (_, n) => drawCrop(rng(n), [6, 3, 4], { size: [4, 3, 1] }).start);
    expect(new Set(starts.map(([i]) => i))).toEqual(new Set([0, 1, 2]));
    expect(new Set(starts.map(([, j]) => j))).toEqual(new Set([0]));
    expect(new Set(starts.map(([, , k]) => k))).toEqual(new Set([0, 1, 2, 3]));
  });

  it('finds the foreground, with margin, smallest size and axes left whole', () => {
    const shape: Triple = [20, 10, 5];
    const label = new Uint8Array(1000);
    for (const [i, j, k] of [
      [4, 3, 1],
      [7, 8, 2],
    ] as const)
      label[(i * 10 + j) * 5 + k] = 2;
    const image = Float32Array.from(label, (x) => x - 1);
    const sample = { image, label, shape };
    expect(foregroundCrop(sample)).toEqual({ type: 'crop', start: [4, 3, 1], size: [4, 6, 2] });
    expect(foregroundCrop(sample, { of: 'image', margin: 2 })).toEqual({
      type: 'crop',
      start: [2, 1, 0],
      size: [8, 9, 5],
    });
    expect(foregroundCrop(sample, { margin: [1, 0, 0], axes: [0, 1], atLeast: [9, 8, 1] })).toEqual({
      type: 'crop',
      start: [2, 2, 0],
      size: [9, 8, 5],
    });
    expect(foregroundCrop(sample, { atLeast: [99, 1, 1] }).size[0]).toBe(20);
    expect(() => foregroundCrop({ image, shape })).toThrow(/no label to crop to/);
    expect(() => foregroundCrop({ ...sample, label: new Uint8Array(1000) })).toThrow(/no label value above 0/);
  });

  it('refuses a box that does not fit, and says to pad', () => {
    expect(() => drawCrop(rng(), [4, 4, 4], { size: [5, 1, 1] })).toThrow(
      /does not lie in a volume of \[4,4,4\]; pad first/,
    );
    expect(() => applyCrop(sampleOf([4, 4, 4]), { type: 'crop', start: [1, 0, 0], size: [4, 4, 4] })).toThrow(
      /pad first/,
    );
    expect(() => drawCrop(rng(), [4, 4, 4], {} as { size: Triple })).toThrow(/size must be .*, got nothing/);
    const huge = { ...padTo([1, 1, 1], { size: [1, 1, 1] }), after: [2e9, 2e9, 0] as Triple };
    expect(() => applyPad(sampleOf([1, 1, 1]), huge)).toThrow(/more than 2147483647 voxels/);
  });
});

describe('resample', () => {
  it.each(cases.zoom.map((c) => [`${c.image.shape} to ${c.bspline.shape}`, c] as const))(
    'agrees with scipy.ndimage.zoom in grid mode, %s',
    (_, c) => {
      const shape = c.image.shape as Triple;
      const v = volume(arrayOf(c.image), shape);
      for (const interpolation of ['bspline', 'linear'] as const) {
        const size = c[interpolation].shape as Triple;
        expectClose(resampleToShape(v, size, interpolation).data, arrayOf(c[interpolation]));
        const sample = applyResample({ image: arrayOf(c.image), shape }, { type: 'resample', size, interpolation });
        expectClose(sample.image, arrayOf(c[interpolation]));
      }
    },
  );

  it('by spacing meets it as nearly as whole voxels allow; labels take the nearest', () => {
    expect(resampleTo([10, 10, 5], { from: [1, 1, 3], to: [1, 2, 1] })).toEqual({
      type: 'resample',
      size: [10, 5, 15],
      interpolation: 'bspline',
    });
    const { label } = applyResample(
      { image: Float32Array.of(0, 1), label: Uint8Array.of(1, 3), shape: [2, 1, 1] },
      resampleTo([2, 1, 1], { size: [4, 1, 1], interpolation: 'linear' }),
    );
    expect([...label!]).toEqual([1, 1, 3, 3]);
    expect(() => resampleTo([2, 1, 1], { from: [1, 1, 1] })).toThrow(/to must be three numbers > 0, got nothing/);
  });
});
