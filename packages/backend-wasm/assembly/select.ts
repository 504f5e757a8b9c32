// A choice, element by element.
import { unpack } from './bits';
import { storeLanes } from './simd';
import { unitStart } from './units';

/** y = condition ? t : e of elements of 4 bytes for units from … to − 1; a condition is a byte, met where it is 1. */
export function select(condition: usize, t: usize, e: usize, y: usize, size: i32, units: i32, from: i32, to: i32, thread: i32): void {
  const end = unitStart(size, units, to);
  for (let i = unitStart(size, units, from); i < end; i += 4) {
    const at = <usize>i << 2;
    const met = i32x4.eq(unpack(condition + <usize>i), i32x4.splat(1));
    storeLanes(y + at, v128.bitselect(v128.load(t + at), v128.load(e + at), met), end - i);
  }
}
