import { CrlnError } from '@crln/core';
import type { Tensor } from '@tensorflow/tfjs-core';

const show = (shape: readonly number[]) => `[${shape.join(', ')}]`;

/** Refuses anything but a rank-5 float tensor [N, D, H, W, C]. @throws CrlnError `invalid-shape` */
export function checkVoxelVectors(x: Tensor, name: string): void {
  if (x.rank !== 5) {
    throw new CrlnError('invalid-shape', `${name}: expected [N, D, H, W, C], got ${show(x.shape)}`, {
      name,
      shape: x.shape,
    });
  }
}

/** Refuses anything but one value a voxel of `reference` [N, D, H, W, C]. @throws CrlnError `invalid-shape` */
export function checkVoxelScalars(x: Tensor, name: string, reference: Tensor): void {
  const want = reference.shape.slice(0, 4);
  if (x.rank !== 4 || x.shape.some((n, axis) => n !== want[axis])) {
    throw new CrlnError('invalid-shape', `${name}: expected [N, D, H, W] = ${show(want)}, got ${show(x.shape)}`, {
      name,
      shape: x.shape,
      expected: want,
    });
  }
}

/** Refuses class indices that are not int32. @throws CrlnError `invalid-argument` */
export function checkLabels(labels: Tensor, name: string, reference: Tensor): void {
  checkVoxelScalars(labels, name, reference);
  if (labels.dtype !== 'int32') {
    throw new CrlnError('invalid-argument', `${name}: expected class indices of type int32, got ${labels.dtype}`, {
      name,
      dtype: labels.dtype,
    });
  }
}

/** Refuses two tensors of different shapes. @throws CrlnError `invalid-shape` */
export function checkSameShape(a: Tensor, b: Tensor, nameA: string, nameB: string): void {
  if (a.rank !== b.rank || a.shape.some((n, axis) => n !== b.shape[axis])) {
    throw new CrlnError(
      'invalid-shape',
      `${nameB}: expected the shape of ${nameA}, ${show(a.shape)}, got ${show(b.shape)}`,
      {
        [nameA]: a.shape,
        [nameB]: b.shape,
      },
    );
  }
}
