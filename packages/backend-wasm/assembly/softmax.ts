// Softmax over rows: exp(x − max) / Σ exp(x − max).
import { storeRows } from './classes';
import { fourRows, largest } from './largest';
import { storeLanes } from './simd';
import { exp } from './transcendental';
import { cut, unitStart } from './units';

/** Rows up to this width are taken four at a time, a row a lane; wider ones one by one. */
const NARROW: i32 = 12;

/** Rows of x [rows, width] of units from … to − 1. */
export function softmax(x: usize, y: usize, rows: i32, width: i32, units: i32, from: i32, to: i32, thread: i32): void {
  const bytes = <usize>width << 2;
  // Rows that are taken together must be the same ones however units fall to threads.
  const narrow = width <= NARROW;
  let row = narrow ? unitStart(rows, units, from) : cut(rows, units, from);
  const end = narrow ? unitStart(rows, units, to) : cut(rows, units, to);
  x += <usize>row * bytes;
  y += <usize>row * bytes;
  if (width == 2) {
    for (; row + 4 <= end; row += 4) {
      pairs(x, y);
      x += 32;
      y += 32;
    }
  } else if (narrow) {
    for (; row + 4 <= end; row += 4) {
      narrowRows(x, y, bytes);
      x += bytes << 2;
      y += bytes << 2;
    }
  }
  for (; row < end; row++) {
    oneRow(x, y, width);
    x += bytes;
    y += bytes;
  }
}

/** Four pairs: with d the difference, 1 / (1 + e^−|d|) and what is left of 1. */
// @ts-ignore: decorator
@inline
function pairs(x: usize, y: usize): void {
  const a = v128.load(x), b = v128.load(x, 16);
  const d = f32x4.sub(v128.shuffle<f32>(a, b, 1, 3, 5, 7), v128.shuffle<f32>(a, b, 0, 2, 4, 6));
  const e = exp(f32x4.neg(f32x4.abs(d)));
  const large = f32x4.div(f32x4.splat(1), f32x4.add(e, f32x4.splat(1)));
  const small = f32x4.mul(e, large);
  const second = f32x4.gt(d, f32x4.splat(0));
  const left = v128.bitselect(small, large, second), right = v128.bitselect(large, small, second);
  v128.store(y, v128.shuffle<f32>(left, right, 0, 4, 1, 5));
  v128.store(y, v128.shuffle<f32>(left, right, 2, 6, 3, 7), 16);
}

/** Four rows, a lane each. */
function narrowRows(x: usize, y: usize, bytes: usize): void {
  let most = fourRows(x, bytes);
  for (let c: usize = 4; c < bytes; c += 4) most = f32x4.max(most, fourRows(x + c, bytes));
  let sum = f32x4.splat(0);
  for (let c: usize = 0; c < bytes; c += 4) {
    const e = exp(f32x4.sub(fourRows(x + c, bytes), most));
    sum = f32x4.add(sum, e);
    storeRows(y + c, bytes, e, 4);
  }
  const scale = f32x4.div(f32x4.splat(1), sum);
  for (let c: usize = 0; c < bytes; c += 4) storeRows(y + c, bytes, f32x4.mul(fourRows(y + c, bytes), scale), 4);
}

function oneRow(x: usize, y: usize, width: i32): void {
  const most = f32x4.splat(largest<f32>(x, width));
  const whole = <usize>(width & ~3) << 2, left = width & 3;
  let low = f64x2.splat(0), high = low;
  for (let i: usize = 0; i < whole; i += 16) {
    const e = exp(f32x4.sub(v128.load(x + i), most));
    low = f64x2.add(low, f64x2.promote_low_f32x4(e));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(e, e, 2, 3, 2, 3)));
    v128.store(y + i, e);
  }
  low = f64x2.add(low, high);
  let sum = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  if (left) {
    storeLanes(y + whole, exp(f32x4.sub(v128.load(x + whole), most)), left);
    for (let i = 0; i < left; i++) sum += load<f32>(y + whole + (<usize>i << 2));
  }
  const scale = f32x4.splat(<f32>(1 / sum));
  for (let i: usize = 0; i < whole; i += 16) v128.store(y + i, f32x4.mul(v128.load(y + i), scale));
  if (left) storeLanes(y + whole, f32x4.mul(v128.load(y + whole), scale), left);
}
