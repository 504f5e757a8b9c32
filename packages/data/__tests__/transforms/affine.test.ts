import { stream, type Triple } from '@crln/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AffineRecord, applyAffine, applyRot90, drawAffine } from '../../src/index.js';
import { arrayOf, cases, expectClose } from './golden.js';
import { sampleOf, shapes } from './samples.js';

const identity: AffineRecord = {
  type: 'affine',
  rotation: [0, 0, 0],
  scale: [1, 1, 1],
  shear: [0, 0, 0],
  translation: [0, 0, 0],
  spacing: [1, 1, 1],
  interpolation: 'linear',
  outside: 'constant',
  value: 0,
  labelValue: 0,
};

describe('affine', () => {
  it.each(cases.affine.map((c) => [c.image.shape.join('×'), c] as const))(
    'agrees with scipy.ndimage.affine_transform, of every order, outside and label, on %s',
    (_, { expected, image, label, ...geometry }) => {
      for (const { outside, interpolation, ...wanted } of expected) {
        const { rotation, scale, shear, translation, spacing } = geometry;
        const moved = applyAffine(
          { image: arrayOf(image), label: Uint8Array.from(arrayOf(label)), shape: image.shape as Triple },
          {
            ...identity,
            rotation,
            scale,
            shear,
            translation,
            spacing,
            outside,
            interpolation,
            value: -7,
            labelValue: 3,
          },
        );
        expectClose(moved.image, arrayOf(wanted.image));
        if (interpolation === 'nearest') expect(moved.image).toEqual(arrayOf(wanted.image));
        if (wanted.label) expect(moved.label).toEqual(Uint8Array.from(arrayOf(wanted.label)));
      }
    },
  );

  it('gives the same bits for an identity, in new arrays, whatever the spacing and the interpolation', () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom('bspline', 'linear', 'nearest'), (shape, interpolation) => {
        const sample = sampleOf(shape);
        const same = applyAffine(sample, {
          ...identity,
          interpolation: interpolation as 'linear',
          spacing: [0.7, 0.3, 2.9],
          rotation: [360, 0, -720],
        });
        expect(same).toEqual(sample);
        expect(same.image).not.toBe(sample.image);
      }),
    );
  });

  it('moves an image and a label by the same map: a label as an image moves as the label does', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer(),
        fc.constantFrom('constant', 'nearest', 'mirror', 'reflect'),
        (shape, seed, outside) => {
          const { label } = sampleOf(shape);
          const record = drawAffine(stream(seed, 'test'), shape, {
            rotation: 180,
            scale: [0.5, 2],
            sameScale: false,
            shear: 0.3,
            translation: 3,
            spacing: [1, 2, 0.5],
            interpolation: 'nearest',
            outside: outside as 'constant',
            value: 2,
            labelValue: 2,
          });
          const moved = applyAffine({ image: Float32Array.from(label!), label: label!, shape }, record);
          expect([...moved.image]).toEqual([...moved.label!]);
        },
      ),
    );
  });

  it('turns by 90 degrees about each axis exactly as rot90 does, with no blank face', () => {
    for (const interpolation of ['linear', 'nearest', 'bspline'] as const) {
      for (let axis = 0; axis < 3; axis++) {
        const shape: Triple = [5, 5, 5];
        const sample = sampleOf(shape);
        const rotation: Triple = [0, 0, 0];
        rotation[axis] = 90;
        const moved = applyAffine(sample, { ...identity, rotation, interpolation, value: 1000, labelValue: 9 });
        const plane = [(axis + 1) % 3, (axis + 2) % 3] as const;
        const turned = applyRot90(sample, { type: 'rot90', k: 3, plane: [plane[1], plane[0]] });
        expectClose(moved.image, turned.image);
        expect(moved.label).toEqual(turned.label);
      }
    }
  });

  it('moves content forwards: a translation of +2 takes voxel 1 to voxel 3, a scale above 1 makes it grow', () => {
    const line = (...image: number[]) => ({ image: Float32Array.from(image), shape: [image.length, 1, 1] as Triple });
    const moved = applyAffine(line(0, 9, 0, 0, 0), { ...identity, translation: [2, 0, 0] });
    expect([...moved.image]).toEqual([0, 0, 0, 9, 0]);
    const grown = applyAffine(line(0, 0, 9, 9, 9, 0, 0), { ...identity, scale: [1.9, 1, 1], interpolation: 'nearest' });
    expect(grown.image.filter((x) => x > 0).length).toBe(5);
  });

  it('turns millimetres: on voxels of 1 × 2 mm, a 90 degree turn takes one voxel along axis 1 to two along axis 0', () => {
    const image = new Float32Array(5 * 5);
    image[2 * 5 + 3] = 1;
    const record = { ...identity, rotation: [0, 0, -90] as Triple, spacing: [1, 2, 1] as Triple };
    const moved = applyAffine({ image, shape: [5, 5, 1] }, record);
    expect(moved.image.indexOf(1)).toBe(4 * 5 + 2);
  });

  it('draws within its limits, and refuses what it cannot do', () => {
    const record = drawAffine(stream(1, 'test'), [8, 8, 8], {
      rotation: [10, 0, 20],
      scale: [0.9, 1.1],
      translation: 2,
    });
    expect(record.rotation.every((x, n) => Math.abs(x) <= [10, 0, 20][n]!)).toBe(true);
    expect(new Set(record.scale).size).toBe(1);
    const sample = sampleOf([3, 3, 3]);
    expect(() => applyAffine(sample, { ...identity, scale: [1, 0, 1] })).toThrow(/scale must be three numbers > 0/);
    expect(() => applyAffine(sample, { ...identity, scale: [1e-300, 1e-300, 1] })).toThrow(/2⁴⁰ voxels away/);
    expect(() => applyAffine(sample, { ...identity, translation: [1e308, 0, 0] })).toThrow(/2⁴⁰ voxels away/);
    expect(() => drawAffine(stream(1, 'test'), [8, 8, 8], { scale: [1.1, 0.9] })).toThrow(
      /scale must be \[low, high\]/,
    );
    expect(() => drawAffine(stream(1, 'test'), [8, 8, 8], { rotatoin: 5 } as object)).toThrow(
      /did you mean 'rotation'/,
    );
    sample.image[4] = Number.NaN;
    const bend = { ...identity, rotation: [1, 0, 0] as Triple, interpolation: 'bspline' as const };
    expect(() => applyAffine(sample, bend)).toThrow(/voxel 4 of the image is NaN/);
  });
});
