// Inputs of the workloads: what they hold does not matter for their time, but both classes must be there.
import { stream } from '@crln/core';

const size = (shape) => shape.reduce((a, b) => a * b);

/** Uniform in [0, 1). */
export function noise(seed, ...shape) {
  const rng = stream(seed, 'bench');
  return Float32Array.from({ length: size(shape) }, () => rng.uniform());
}

/** 1 in the middle quarter of the first axis of each of `count` volumes, else 0. */
export function slabs(count, shape) {
  const voxels = size(shape);
  const inside = (v) => v >= voxels * 0.375 && v < voxels * 0.625;
  return Int32Array.from({ length: count * voxels }, (_, i) => +inside(i % voxels));
}
