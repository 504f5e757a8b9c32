// What a teacher says of each voxel: the most probable class, and how probable.
import { bestOf, blockBytes, restOf, softmaxRows } from './classes';
import { storeLanes } from './simd';

/**
 * Row v of the result is of the source row index[v] (or v, without an index): the argmax of x, and the largest softmax of x. Where the
 * index is negative, −1 and 0. An index past the `sources` rows is noted in `wrong`, its row for each unit, −1 for none.
 */
export function pseudoLabels(
  x: usize, index: usize, label: usize, confidence: usize, wrong: usize, scratch: usize,
  rows: i32, sources: i32, classes: i32, unitRows: i32, from: i32, to: i32, thread: i32,
): void {
  const block = scratch + <usize>thread * blockBytes(classes);
  const bytes = <usize>classes << 2;
  for (let unit = from; unit < to; unit++) {
    let bad = -1;
    const end = min((unit + 1) * unitRows, rows);
    for (let row = unit * unitRows; row < end; row += 4) {
      const here = <usize>row << 2;
      let source = i32x4.add(i32x4.splat(row), i32x4(0, 1, 2, 3));
      let absent = f32x4.splat(0);
      if (index) {
        source = v128.load(index + here);
        absent = i32x4.lt_s(source, i32x4.splat(0));
        const beyond = i32x4.bitmask(i32x4.ge_s(source, i32x4.splat(sources))) & ((1 << min(end - row, 4)) - 1);
        if (beyond && bad < 0) bad = row + ctz(beyond);
      }
      const at = i32x4.max_s(i32x4.min_s(source, i32x4.splat(sources - 1)), i32x4.splat(0));
      // There are no labels; any four words do.
      softmaxRows(
        x + <usize>i32x4.extract_lane(at, 0) * bytes, x + <usize>i32x4.extract_lane(at, 1) * bytes,
        x + <usize>i32x4.extract_lane(at, 2) * bytes, x + <usize>i32x4.extract_lane(at, 3) * bytes, classes, x, block,
      );
      const largest = f32x4.div(f32x4.splat(1), f32x4.add(restOf(block, classes), f32x4.splat(1)));
      storeLanes(label + here, v128.or(bestOf(block, classes), absent), end - row);
      storeLanes(confidence + here, v128.andnot(largest, absent), end - row);
    }
    store<i32>(wrong + (<usize>unit << 2), bad);
  }
}
