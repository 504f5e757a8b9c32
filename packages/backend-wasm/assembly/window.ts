// The source side of a convolution: units of a few grid planes of one sample, each with the part of the source that it reads, zeros
// around it included. Words of the job (see src/conv/window.ts):
import { pad } from './layout';

// @ts-ignore: decorator
@inline
export function word(job: usize, index: i32): i32 {
  return load<i32>(job + (<usize>index << 2));
}

export const SOURCE = 0, SAMPLE = 1, DEPTH = 2, HEIGHT = 3, WIDTH = 4, VOXEL = 5, PADDED = 6, SCRATCH = 7, SCRATCH_STRIDE = 8,
  LOW = 9, STEP = 12, REACH = 13, WINDOW_HEIGHT = 14, WINDOW_WIDTH = 15, PLANES = 16, SLABS = 17, GRID_PLANES = 18, STRIDES = 19;
/** Where a job's own words begin. */
export const REST = 22;

/** First grid plane of an item (an item is a slab of a sample). */
// @ts-ignore: decorator
@inline
export function firstPlane(job: usize, item: i32): i32 {
  return (item % word(job, SLABS)) * word(job, PLANES);
}

/** Where the item's window begins; a padded one is made in the thread's scratch. */
export function windowOf(job: usize, item: i32, thread: i32): usize {
  const source = <usize>word(job, SOURCE) + <usize>(item / word(job, SLABS)) * <usize>word(job, SAMPLE);
  const j0 = firstPlane(job, item);
  const j1 = min(j0 + word(job, PLANES), word(job, GRID_PLANES));
  const first = word(job, LOW) + j0 * word(job, STEP);
  const height = word(job, HEIGHT), width = word(job, WIDTH), voxel = <usize>word(job, VOXEL);
  if (!word(job, PADDED)) return source + <usize>(first * height * width) * voxel;
  const window = <usize>word(job, SCRATCH) + <usize>thread * <usize>word(job, SCRATCH_STRIDE);
  pad(
    source, window, voxel, word(job, DEPTH), height, width, first, word(job, LOW + 1), word(job, LOW + 2),
    (j1 - 1 - j0) * word(job, STEP) + word(job, REACH), word(job, WINDOW_HEIGHT), word(job, WINDOW_WIDTH),
  );
  return window;
}
