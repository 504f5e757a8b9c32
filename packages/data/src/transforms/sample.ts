import { CrlnError, type Triple } from '@crln/core';

/**
 * What a transform takes and gives: C-order [D, H, W] image and, where there is one, class indices. No transform writes into what it is
 * given; an array that a transform leaves as it was is shared by both samples.
 */
export interface Sample {
  readonly image: Float32Array;
  readonly label?: Uint8Array;
  readonly shape: Triple;
}

export const voxelsOf = (shape: Triple): number => shape[0] * shape[1] * shape[2];

/** @throws `CrlnError` `invalid-shape` where a sample contradicts itself, naming who was given it */
export function checkSample({ image, label, shape }: Sample, name: string): void {
  checkShape(shape, name);
  for (const [part, data] of [
    ['image', image],
    ['label', label],
  ] as const) {
    if (data && data.length === voxelsOf(shape)) continue;
    if (data === undefined && part === 'label') continue;
    throw new CrlnError(
      'invalid-shape',
      `${name}: expected ${part} of [${shape}] = ${voxelsOf(shape)} voxels, got ${data?.length}`,
      { name, part, shape, length: data?.length },
    );
  }
}

/** @throws `CrlnError` `invalid-shape` where two samples do not have one shape */
export function checkPair(a: Sample, b: Sample, name: string): void {
  checkSample(a, name);
  checkSample(b, name);
  if (a.shape.every((n, axis) => n === b.shape[axis])) return;
  throw new CrlnError(
    'invalid-shape',
    `${name}: expected two samples of one shape, got [${a.shape}] and [${b.shape}]`,
    {
      name,
      shapes: [a.shape, b.shape],
    },
  );
}

/** @throws `CrlnError` `invalid-shape` where a shape is not three whole numbers >= 1 */
export function checkShape(shape: Triple, name: string): void {
  if (Array.isArray(shape) && shape.length === 3 && shape.every((n) => Number.isInteger(n) && n >= 1)) return;
  throw new CrlnError('invalid-shape', `${name}: expected a shape of three whole numbers >= 1, got [${shape}]`, {
    name,
    shape,
  });
}

/** The sample with another image on the same grid. */
export const withImage = (sample: Sample, image: Float32Array): Sample => ({
  image,
  ...(sample.label && { label: sample.label }),
  shape: sample.shape,
});
