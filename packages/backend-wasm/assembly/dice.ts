// The sums that Dice is made of, and their gradient, over [rows, classes]: of probabilities, or of the softmax of logits.
import { blockBytes, fourRows, laneMask, loadRows, restOf, storeRows } from './classes';

/** Rows between two additions of the float32 sums to the float64 ones. */
const STRETCH = 512;

/** Bytes of a thread's scratch: a block, and three sums a class. */
// @ts-ignore: decorator
@inline
function scratchBytes(classes: i32): usize {
  return blockBytes(classes) + <usize>classes * 48;
}

/** [units, 3, classes] float64: Σ p·t, Σ p², Σ t over the rows of a unit, where t is 1 for the row's label. */
export function diceSums(
  x: usize, labels: usize, sums: usize, scratch: usize, softmax: i32,
  rows: i32, classes: i32, unitRows: i32, from: i32, to: i32, thread: i32,
): void {
  const block = scratch + <usize>thread * scratchBytes(classes);
  const lanes = block + blockBytes(classes);
  const column = <usize>classes << 4;
  for (let unit = from; unit < to; unit++) {
    const out = sums + <usize>(unit * classes) * 24;
    memory.fill(out, 0, <usize>classes * 24);
    const end = min((unit + 1) * unitRows, rows);
    for (let start = unit * unitRows; start < end; start += STRETCH) {
      memory.fill(lanes, 0, 3 * column);
      const stop = min(start + STRETCH, end);
      for (let row = start; row < stop; row += 4) {
        const mask = laneMask(stop - row);
        const label = v128.load(labels + (<usize>row << 2));
        probabilities(x, row, stop, classes, labels, softmax, block);
        for (let c = 0, at: usize = 0; c < classes; c++, at += 16) {
          const p = v128.and(v128.load(block + at), mask);
          const t = v128.and(i32x4.eq(label, i32x4.splat(c)), mask);
          const to = lanes + at;
          v128.store(to, f32x4.add(v128.load(to), v128.and(p, t)));
          v128.store(to + column, f32x4.add(v128.load(to + column), f32x4.mul(p, p)));
          v128.store(to + 2 * column, f32x4.add(v128.load(to + 2 * column), v128.and(t, f32x4.splat(1))));
        }
      }
      for (let i = 0; i < 3 * classes; i++) {
        const at = lanes + (<usize>i << 4), place = out + (<usize>i << 3);
        const four = <f64>load<f32>(at) + load<f32>(at, 4) + load<f32>(at, 8) + load<f32>(at, 12);
        store<f64>(place, load<f64>(place) + four);
      }
    }
  }
}

/** g = t·dy[0] + 2·p·dy[1] for each class; of the logits: p·(g − Σ p·g). */
export function diceGrad(
  dy: usize, x: usize, labels: usize, dx: usize, scratch: usize, softmax: i32,
  rows: i32, classes: i32, unitRows: i32, from: i32, to: i32, thread: i32,
): void {
  const block = scratch + <usize>thread * scratchBytes(classes);
  const slopes = block + blockBytes(classes);
  const bytes = <usize>classes << 2;
  for (let unit = from; unit < to; unit++) {
    const end = min((unit + 1) * unitRows, rows);
    for (let row = unit * unitRows; row < end; row += 4) {
      const label = v128.load(labels + (<usize>row << 2));
      probabilities(x, row, end, classes, labels, softmax, block);
      let inner = f32x4.splat(0);
      for (let c = 0; c < classes; c++) {
        const at = <usize>c << 2;
        const p = v128.load(block + (at << 2));
        const overlap = v128.and(v128.load32_splat(dy + at), i32x4.eq(label, i32x4.splat(c)));
        const slope = f32x4.add(f32x4.mul(f32x4.add(p, p), v128.load32_splat(dy + bytes + at)), overlap);
        v128.store(slopes + (at << 2), slope);
        inner = f32x4.add(inner, f32x4.mul(p, slope));
      }
      let place = dx + <usize>row * bytes;
      for (let c = 0, at: usize = 0; c < classes; c++, at += 16, place += 4) {
        let slope = v128.load(slopes + at);
        if (softmax) slope = f32x4.mul(v128.load(block + at), f32x4.sub(slope, inner));
        storeRows(place, bytes, slope, end - row);
      }
    }
  }
}

/** The probabilities of rows row … row + 3 at `block`, [classes] vectors. */
// @ts-ignore: decorator
@inline
function probabilities(x: usize, row: i32, end: i32, classes: i32, labels: usize, softmax: i32, block: usize): void {
  if (softmax) {
    fourRows(x, row, end, classes, labels + (<usize>row << 2), block);
    const scale = f32x4.div(f32x4.splat(1), f32x4.add(restOf(block, classes), f32x4.splat(1)));
    for (let c = 0, at = block; c < classes; c++, at += 16) v128.store(at, f32x4.mul(v128.load(at), scale));
  } else {
    const bytes = <usize>classes << 2;
    const r0 = x + <usize>row * bytes, last = x + <usize>(end - 1) * bytes;
    const r1 = min(r0 + bytes, last), r2 = min(r0 + 2 * bytes, last), r3 = min(r0 + 3 * bytes, last);
    for (let c = 0, at: usize = 0; c < classes; c++, at += 4) {
      v128.store(block + (at << 2), loadRows(r0 + at, r1 + at, r2 + at, r3 + at));
    }
  }
}
