import { describe, expect, it } from 'vitest';
import type { Affine } from '../src/affine.js';
import { readNifti } from '../src/nifti/read.js';
import { writeNifti } from '../src/nifti/write.js';
import { axisCodes } from '../src/orientation.js';
import {
  applyRecipe,
  fitRecipe,
  type InputRecipe,
  invertLabels,
  invertProbabilities,
  labelsOfProbabilities,
  parseRecipe,
  preparedShape,
  preparedSpacing,
} from '../src/recipe.js';
import type { Case } from '../src/types.js';
import { volume } from '../src/volume.js';
import { rotationAffine } from './rotation.js';

const OBLIQUE = rotationAffine([25, -15, 190], [0.8, 1.1, 2.7], [-70.25, 33.5, 12.125]);

/** A ball of `values[1]` (with a core of `values[2]`) in an image that is brighter there. */
function ball(id: string, affine: Affine, values: number[], shape: [number, number, number] = [12, 10, 8]): Case {
  const n = shape[0] * shape[1] * shape[2];
  const label = new Uint8Array(n);
  const image = new Float32Array(n);
  for (let at = 0; at < n; at++) {
    const index = [Math.floor(at / (shape[1] * shape[2])), Math.floor(at / shape[2]) % shape[1], at % shape[2]];
    const radius = Math.hypot(...index.map((x, axis) => (2 * x - shape[axis]! + 1) / shape[axis]!));
    const index3 = radius < 0.4 ? values.length - 1 : radius < 0.8 ? 1 : 0;
    label[at] = values[index3]!;
    image[at] = 100 + 50 * index3 + index[0]!;
  }
  return { id, image: volume(image, shape, { affine, source: `${id}.nii` }), label: volume(label, shape, { affine }) };
}
const straight = (x: number, y: number, z: number): Affine => [x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1];

describe('fitRecipe', () => {
  it('finds the median spacing, in the orientation asked for, and the label values', async () => {
    const cases = [
      ball('a', straight(1, 1, 3), [0, 255]),
      ball('b', straight(1, 1, 3), [0, 255]),
      ball('c', straight(2, 1, 1), [0, 255]),
    ];
    expect(await fitRecipe(cases)).toEqual({
      format: 1,
      orientation: 'RAS',
      spacing: [1, 1, 3],
      spacingTolerance: 0.1,
      normalisation: 'percentile-zscore',
      labels: [0, 255],
    });
    const swapped = await fitRecipe([ball('a', straight(1, 2, 3), [0, 1])], {
      orientation: 'SRA',
      spacing: 'median',
      normalisation: 'minmax',
    });
    expect(swapped.spacing).toEqual([3, 1, 2]);
    expect(await fitRecipe(cases, { spacing: 'native', labels: [0, 255, 256] })).toMatchObject({
      spacing: null,
      labels: [0, 255, 256],
    });
  });

  it('does not take the 1 mm of a file without spacing for a measurement', async () => {
    const { id, image } = ball('h', straight(1, 1, 1), [0, 1]);
    const blind = { ...image, header: { format: 'hdf5', spacingStored: false } as const };
    expect((await fitRecipe([{ id, image: blind }])).spacing).toBeNull();
  });

  it('wants a case', async () => {
    await expect(fitRecipe([])).rejects.toThrow(/no cases/);
  });
});

describe('applyRecipe', () => {
  const recipe: InputRecipe = {
    format: 1,
    orientation: 'RAS',
    spacing: [1, 1, 2],
    spacingTolerance: 0.1,
    normalisation: 'minmax',
    labels: [0, 1, 2, 4],
  };

  it('resamples only what differs by more than the tolerance', () => {
    expect(preparedShape(recipe, ball('a', straight(1.05, 0.95, 2.1), [0, 1]).image)).toEqual([12, 10, 8]);
    expect(preparedShape(recipe, ball('a', straight(1.2, 1, 2), [0, 1]).image)).toEqual([14, 10, 8]);
    expect(preparedShape({ ...recipe, spacing: null }, ball('a', straight(1.2, 1, 2), [0, 1]).image)).toEqual([
      12, 10, 8,
    ]);
  });

  it('states the spacing that the rounded shape has', () => {
    const { image } = ball('a', straight(1.2, 1, 2), [0, 1]);
    expect(preparedSpacing(recipe, image)).toEqual([(1.2 * 12) / 14, 1, 2]);
  });

  it('gives float32 intensities and class indices on one grid', () => {
    const prepared = applyRecipe(recipe, ball('a', straight(-1, 2, 2), [0, 2, 4]));
    expect(prepared.shape).toEqual([12, 20, 8]);
    expect([prepared.image.length, prepared.label!.length]).toEqual([1920, 1920]);
    expect([...new Set(prepared.label)].sort()).toEqual([0, 2, 3]);
    expect(Math.max(...prepared.image)).toBe(1);
    // x grows to the left in the file: the ramp along it is turned over.
    expect(prepared.image[0]).toBeGreaterThan(prepared.image[11 * 160]!);
  });

  it('refuses NaN and infinite voxels by file, count and place', () => {
    const { id, image } = ball('nan', straight(1, 1, 1), [0, 1]);
    image.data[3] = Number.NaN;
    image.data[100] = Number.NEGATIVE_INFINITY;
    expect(() => applyRecipe(recipe, { id, image })).toThrow(
      /nan\.nii: 2 of 960 voxels are NaN or infinite, the first \(NaN\) at \[0,0,3\]/,
    );
  });

  it('refuses a label on another grid, or with a value it has not learned', () => {
    const a = ball('a', straight(1, 1, 2), [0, 1]);
    expect(() =>
      applyRecipe(recipe, { ...a, label: ball('b', straight(1, 1, 2), [0, 1], [10, 12, 8]).label! }),
    ).toThrow(/different shapes: \[12,10,8\] and \[10,12,8\]/);
    expect(() => applyRecipe(recipe, { ...a, label: ball('b', straight(1.05, 1, 2), [0, 1]).label! })).toThrow(
      /lie apart by up to 0\.550 mm/,
    );
    expect(() => applyRecipe(recipe, ball('c', straight(1, 1, 2), [0, 3]))).toThrow(/label value 3/);
  });
});

describe('the way back to the native grid', () => {
  const targets = [
    { name: 'native', spacing: null },
    { name: 'finer', spacing: [0.5, 0.5, 0.9] as [number, number, number] },
  ];

  it.each(targets)(
    'brings labels back with their own values, grid and header codes: $name spacing',
    async ({ spacing }) => {
      const bytes = await writeNifti(ball('o', OBLIQUE, [0, 1, 4]).image, { gzip: false });
      const view = new DataView(bytes.buffer);
      view.setInt16(252, 1, true);
      view.setInt16(254, 3, true);
      bytes[123] = 10;
      const image = await readNifti(bytes, 'o.nii');
      const label = { ...ball('o', OBLIQUE, [0, 1, 4]).label!, affine: image.affine };
      const recipe = await fitRecipe([{ id: 'o', image, label }], { spacing: spacing ?? 'native' });
      const prepared = applyRecipe(recipe, { id: 'o', image, label });
      expect(axisCodes(OBLIQUE)).not.toBe('RAS');
      const back = invertLabels(recipe, prepared.label!, image);
      const file = await readNifti(await writeNifti(back), 'prediction');
      expect([...file.data]).toEqual([...label.data]);
      expect([file.shape, file.spacing, file.affine]).toEqual([image.shape, image.spacing, image.affine]);
      const { datatype, bitpix, ...codes } = image.header as unknown as Record<string, unknown>;
      expect(file.header).toMatchObject(codes);
      expect(file.dtype).toBe('uint8');
    },
  );

  it.each(targets)('brings probabilities back: $name spacing', async ({ spacing }) => {
    const one = ball('p', OBLIQUE, [0, 255]);
    const recipe = await fitRecipe([one], { spacing: spacing ?? 'native' });
    const { label } = applyRecipe(recipe, one);
    const probabilities = Float32Array.from({ length: label!.length * 2 }, (_, n) =>
      label![n >> 1] === n % 2 ? 0.9 : 0.1,
    );
    const native = invertProbabilities(recipe, probabilities, one.image);
    expect([native.shape, native.channels, native.affine]).toEqual([one.image.shape, 2, one.image.affine]);
    for (let n = 0; n < 960; n++) expect(native.data[2 * n]! + native.data[2 * n + 1]!).toBeCloseTo(1, 5);
    const labels = labelsOfProbabilities(recipe, native);
    const wrong = [...labels.data].filter((value, n) => value !== one.label!.data[n]).length;
    expect(wrong).toBeLessThan(spacing ? 20 : 1);
    expect([...new Set(labels.data)].sort()).toEqual([0, 255]);
  });

  it('says what it expected of a prediction with another shape', async () => {
    const one = ball('p', OBLIQUE, [0, 255]);
    const recipe = await fitRecipe([one]);
    expect(() => invertLabels(recipe, new Uint8Array(5), one.image)).toThrow(
      /p\.nii: expected 960 voxels .*got an array of 5/,
    );
  });
});

describe('parseRecipe', () => {
  it('takes back what JSON made of a recipe', async () => {
    const recipe = await fitRecipe([ball('a', OBLIQUE, [0, 2])]);
    expect(parseRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
  });

  it.each([
    ['format', 2],
    ['orientation', 'XYZ'],
    ['spacing', [1, 0, 1]],
    ['spacingTolerance', -1],
    ['normalisation', 'softmax'],
    ['labels', [0, 0]],
    ['labels', [0, 1.5]],
  ])('refuses %s = %j by name', async (field, value) => {
    const recipe = await fitRecipe([ball('a', OBLIQUE, [0, 2])]);
    expect(() => parseRecipe({ ...recipe, [field]: value }, 'config.json')).toThrow(new RegExp(field));
  });
});
