import { describe, expect, it } from 'vitest';
import { classesToLabels, labelCounts, labelsToClasses, labelTable } from '../src/labels.js';
import { volume } from '../src/volume.js';

const of = (...values: number[]) => volume(Float64Array.from(values), [1, values.length, 1]);

describe('labels', () => {
  it('counts the values', () => {
    expect([...labelCounts(of(0, 0, 255, 255, 0, 255), 'a')].sort()).toEqual([
      [0, 3],
      [255, 3],
    ]);
    expect([...labelCounts(of(4), 'a')]).toEqual([[4, 1]]);
  });

  it.each([
    [of(0, 1, 0.5, 0.25, 1), /b\.nii: .* 2 of 5 voxels do not, the first \(0\.5\) at \[0,2,0\]/],
    [of(0.5, 1, 1), /1 of 3 voxels do not, the first \(0\.5\) at \[0,0,0\]/],
    [of(0, 1, Number.NaN), /the first \(NaN\) at \[0,2,0\]/],
    [of(Number.NaN, 1), /the first \(NaN\) at \[0,0,0\]/],
  ])('names file, value, count and first voxel where a label is no whole number', (label, message) => {
    expect(() => labelCounts(label, 'b.nii')).toThrow(message);
  });

  it('takes an image for no label', () => {
    expect(() => labelCounts(of(...Array.from({ length: 400 }, (_, n) => n)), 'image.nii')).toThrow(
      /image\.nii: .* looks like an image/,
    );
  });

  it.each([[[0, 255]], [[0, 1, 2, 4]], [[0, 70000]]])('maps the file values %j to classes and back', (values) => {
    const table = labelTable(values);
    const label = of(...values, ...values);
    const classes = labelsToClasses(label, table, 'c');
    expect([...classes]).toEqual([...values.keys(), ...values.keys()]);
    expect([...classesToLabels(classes, table)]).toEqual([...label.data]);
  });

  it('counts 0 as the background of labels that never leave the organ, and refuses negative values', () => {
    expect(labelTable([2, 1])).toEqual([0, 1, 2]);
    expect(() => labelTable([-1, 1])).toThrow(/label value -1 is negative/);
  });

  it('names a value that the table has not, and a class that it has not', () => {
    expect(() => labelsToClasses(of(0, 3, 3), [0, 1], 'd.nii')).toThrow(
      /d\.nii: 2 voxels have the label value 3, the first at \[0,1,0\]; expected one of 0, 1/,
    );
    expect(() => classesToLabels([0, 2], [0, 1])).toThrow(/class 2 is not in the label table/);
  });
});
