// Elementwise operations of two operands of float32 or int32, with results in the same type or as bool bytes.
import { pack, storeBytes } from './bits';
import { CHUNK, CHUNK_BYTES, chunk, prepare, SINGLE } from './operand';
import { storeLanes } from './simd';
import { unitStart } from './units';

// An operation is a class without state, so that each gets loops of its own.
class Add<T> { of(a: v128, b: v128): v128 { return v128.add<T>(a, b); } }
class Sub<T> { of(a: v128, b: v128): v128 { return v128.sub<T>(a, b); } }
class Multiply<T> { of(a: v128, b: v128): v128 { return v128.mul<T>(a, b); } }
class Divide<T> { of(a: v128, b: v128): v128 { return v128.div<T>(a, b); } }
class Maximum<T> { of(a: v128, b: v128): v128 { return v128.max<T>(a, b); } }
class Minimum<T> { of(a: v128, b: v128): v128 { return v128.min<T>(a, b); } }
class Greater<T> { of(a: v128, b: v128): v128 { return v128.gt<T>(a, b); } }
class GreaterEqual<T> { of(a: v128, b: v128): v128 { return v128.ge<T>(a, b); } }
class Less<T> { of(a: v128, b: v128): v128 { return v128.lt<T>(a, b); } }
class LessEqual<T> { of(a: v128, b: v128): v128 { return v128.le<T>(a, b); } }
class Equal<T> { of(a: v128, b: v128): v128 { return v128.eq<T>(a, b); } }
class NotEqual<T> { of(a: v128, b: v128): v128 { return v128.ne<T>(a, b); } }

/** In float64 between the roundings of operands and result, as the stock kernel. */
class SquaredDifference<T> {
  of(a: v128, b: v128): v128 {
    const low = f64x2.sub(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
    const high = f64x2.sub(f64x2.promote_low_f32x4(upper(a)), f64x2.promote_low_f32x4(upper(b)));
    const lows = f32x4.demote_f64x2_zero(f64x2.mul(low, low)), highs = f32x4.demote_f64x2_zero(f64x2.mul(high, high));
    return v128.shuffle<f32>(lows, highs, 0, 1, 4, 5);
  }
}

// @ts-ignore: decorator
@inline
function upper(v: v128): v128 {
  return v128.shuffle<f32>(v, v, 2, 3, 2, 3);
}

/**
 * y = a ∘ b for elements of units from … to − 1. For the views see operand.ts.
 * @param operation its place in the lists of src/kernels/binary.ts
 * @param scratch 2 · CHUNK_BYTES for each thread; only where a view is neither WHOLE nor SINGLE
 */
export function binary(
  operation: i32, ints: i32, a: usize, b: usize, y: usize, aView: usize, bView: usize, scratch: usize, size: i32, units: i32,
  from: i32, to: i32, thread: i32,
): void {
  const start = unitStart(size, units, from), end = unitStart(size, units, to);
  const aScratch = scratch + <usize>thread * CHUNK_BYTES * 2, bScratch = aScratch + CHUNK_BYTES;
  prepare(a, aView, 0, size, aScratch);
  prepare(b, bView, 1, size, bScratch);
  const aStep: usize = aView == SINGLE ? 0 : 16, bStep: usize = bView == SINGLE ? 0 : 16;
  const length = aView <= SINGLE && bView <= SINGLE ? end - start : CHUNK;
  const bits = operation >= 7;
  for (let at = start; at < end; at += length) {
    const count = min(length, end - at);
    const left = chunk(a, aView, 0, at, count, aScratch), right = chunk(b, bView, 1, at, count, bScratch);
    const result = y + (bits ? <usize>at : <usize>at << 2);
    if (ints) apply<i32>(operation, left, right, result, aStep, bStep, count);
    else apply<f32>(operation, left, right, result, aStep, bStep, count);
  }
}

function apply<T>(operation: i32, a: usize, b: usize, y: usize, aStep: usize, bStep: usize, count: i32): void {
  switch (operation) {
    case 0: return numbers<Add<T>>(a, b, y, aStep, bStep, count);
    case 1: return numbers<Sub<T>>(a, b, y, aStep, bStep, count);
    case 2: return numbers<Multiply<T>>(a, b, y, aStep, bStep, count);
    case 3: return numbers<Maximum<T>>(a, b, y, aStep, bStep, count);
    case 4: return numbers<Minimum<T>>(a, b, y, aStep, bStep, count);
    // The next two are of float32 alone.
    case 5: if (isFloat<T>()) return numbers<Divide<T>>(a, b, y, aStep, bStep, count);
    case 6: if (isFloat<T>()) return numbers<SquaredDifference<T>>(a, b, y, aStep, bStep, count);
    case 7: return bits<Greater<T>>(a, b, y, aStep, bStep, count);
    case 8: return bits<GreaterEqual<T>>(a, b, y, aStep, bStep, count);
    case 9: return bits<Less<T>>(a, b, y, aStep, bStep, count);
    case 10: return bits<LessEqual<T>>(a, b, y, aStep, bStep, count);
    case 11: return bits<Equal<T>>(a, b, y, aStep, bStep, count);
    default: return bits<NotEqual<T>>(a, b, y, aStep, bStep, count);
  }
}

function numbers<Operation>(a: usize, b: usize, y: usize, aStep: usize, bStep: usize, count: i32): void {
  const operation = changetype<Operation>(0);
  for (const end = y + (<usize>(count & ~3) << 2); y < end; y += 16) {
    v128.store(y, operation.of(v128.load(a), v128.load(b)));
    a += aStep;
    b += bStep;
  }
  if (count & 3) storeLanes(y, operation.of(v128.load(a), v128.load(b)), count & 3);
}

function bits<Operation>(a: usize, b: usize, y: usize, aStep: usize, bStep: usize, count: i32): void {
  const operation = changetype<Operation>(0);
  for (const end = y + <usize>(count & ~3); y < end; y += 4) {
    store<u32>(y, pack(operation.of(v128.load(a), v128.load(b))));
    a += aStep;
    b += bStep;
  }
  if (count & 3) storeBytes(y, pack(operation.of(v128.load(a), v128.load(b))), count & 3);
}
