// Transposition: elements that are neighbours in the source come to lie apart in the target, and the other way round.
import { transpose4 } from './layout';
import { cut } from './units';

/** Columns of a tile: a cache line of each of the source's rows. */
const TILE: i32 = 16;

/**
 * For each position of the outer axes (axes as copyBox has them) a matrix: target[r · toRow + c] = source[r + c · fromColumn], in
 * elements of 4 bytes or of 1. Items are (position, slab): slabs are ranges of rows and columns.
 */
export function permute(
  source: usize, target: usize, elementBytes: i32, rows: i32, toRow: i32, columns: i32, fromColumn: i32, axes: usize, rank: i32,
  matrices: i32, rowSlabs: i32, columnSlabs: i32, units: i32, from: i32, to: i32, thread: i32,
): void {
  const slabs = rowSlabs * columnSlabs;
  const last = cut(matrices * slabs, units, to);
  for (let item = cut(matrices * slabs, units, from); item < last; item++) {
    let outer = item / slabs;
    const slab = item - outer * slabs;
    const rowSlab = slab / columnSlabs, columnSlab = slab - rowSlab * columnSlabs;
    const r0 = cut(rows, rowSlabs, rowSlab), r1 = cut(rows, rowSlabs, rowSlab + 1);
    const c0 = cut(columns, columnSlabs, columnSlab), c1 = cut(columns, columnSlabs, columnSlab + 1);
    let x = r0 + c0 * fromColumn, y = r0 * toRow + c0;
    for (let axis = axes, end = axes + <usize>rank * 12; axis < end; axis += 12) {
      const next = outer / load<i32>(axis);
      const position = outer - next * load<i32>(axis);
      x += position * load<i32>(axis, 4);
      y += position * load<i32>(axis, 8);
      outer = next;
    }
    if (elementBytes == 4) {
      words(source + (<usize>x << 2), <usize>fromColumn << 2, target + (<usize>y << 2), <usize>toRow << 2, r1 - r0, c1 - c0);
    } else {
      strided<u8>(source + <usize>x, <usize>fromColumn, target + <usize>y, <usize>toRow, r1 - r0, 0, c1 - c0);
    }
  }
}

/** Blocks of 4×4, tile by tile: the source's lines stay in the cache, the target's are filled at once. */
function words(x: usize, fromColumn: usize, y: usize, toRow: usize, rows: i32, columns: i32): void {
  const whole = rows & ~3;
  for (let left = 0; left < columns; left += TILE) {
    const right = min(left + TILE, columns);
    for (let r = 0; r < whole; r += 4) {
      let c = left;
      for (; c + 4 <= right; c += 4) {
        transpose4(x + (<usize>r << 2) + <usize>c * fromColumn, fromColumn, y + <usize>r * toRow + (<usize>c << 2), toRow);
      }
      if (c < right) strided<u32>(x + (<usize>r << 2), fromColumn, y + <usize>r * toRow, toRow, 4, c, right);
    }
    strided<u32>(x + (<usize>whole << 2), fromColumn, y + <usize>whole * toRow, toRow, rows - whole, left, right);
  }
}

/** One element after the other, of columns left … right − 1. */
function strided<T>(x: usize, fromColumn: usize, y: usize, toRow: usize, rows: i32, left: i32, right: i32): void {
  for (let r = 0; r < rows; r++) {
    for (let c = left; c < right; c++) {
      store<T>(y + <usize>r * toRow + <usize>c * sizeof<T>(), load<T>(x + <usize>r * sizeof<T>() + <usize>c * fromColumn));
    }
  }
}
