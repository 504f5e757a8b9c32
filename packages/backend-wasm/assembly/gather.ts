// A convolution, or its input gradient, as passes over units of grid planes: the form of `conv` that threads share.
import { conv } from './conv';
import { depthwise } from './depthwise';
import { firstPlane, GRID_PLANES, PLANES, REST, SLABS, STRIDES, windowOf, word } from './window';

const Y = REST, Y_SAMPLE = REST + 1, Y_STRIDES = REST + 2, CHANNELS = REST + 5, BIAS = REST + 6, DENSE = REST + 7, TABLE = REST + 8,
  TABLE_STRIDE = REST + 9, PASSES = REST + 10, PASS_COUNT = REST + 11;
// Words of a pass.
const COUNT = 0, START = 3, WEIGHTS = 4, TAPS = 5, TAP_COUNT = 6, RUN = 7, PASS_BYTES = 32;

/** Items from … to − 1: every pass over the item's planes. */
export function gather(job: usize, from: i32, to: i32, thread: i32): void {
  const table = <usize>word(job, TABLE) + <usize>thread * <usize>word(job, TABLE_STRIDE);
  const xd = word(job, STRIDES), xh = word(job, STRIDES + 1), xw = word(job, STRIDES + 2);
  const yd = word(job, Y_STRIDES), yh = word(job, Y_STRIDES + 1), yw = word(job, Y_STRIDES + 2);
  const channels = word(job, CHANNELS);
  for (let item = from; item < to; item++) {
    const x = windowOf(job, item, thread);
    const j0 = firstPlane(job, item);
    const j1 = min(j0 + word(job, PLANES), word(job, GRID_PLANES));
    const y = <usize>word(job, Y) + <usize>(item / word(job, SLABS)) * <usize>word(job, Y_SAMPLE) + <usize>j0 * <usize>yd;
    for (let i = 0; i < word(job, PASS_COUNT); i++) {
      const pass = <usize>word(job, PASSES) + <usize>(i * PASS_BYTES);
      const end = min(j1, word(pass, COUNT));
      if (end <= j0) continue;
      const at = y + <usize>word(pass, START);
      const weights = <usize>word(pass, WEIGHTS), taps = <usize>word(pass, TAPS), bias = <usize>word(job, BIAS);
      const height = word(pass, COUNT + 1), width = word(pass, COUNT + 2), tapCount = word(pass, TAP_COUNT);
      if (word(job, DENSE)) {
        conv(x, weights, bias, at, taps, tapCount, word(pass, RUN), channels, j0, end, height, width, xd, xh, xw, yd, yh, yw, table);
      } else {
        depthwise(x, weights, bias, at, taps, tapCount, channels, j0, end, height, width, xd, xh, xw, yd, yh, yw, table);
      }
    }
  }
}
