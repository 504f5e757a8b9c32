// Conversions between float32, int32 and bool.
import { pack, storeBytes, unpack } from './bits';
import { storeLanes } from './simd';
import { unitStart } from './units';

// A conversion is a class without state, so that each gets a loop of its own.
class BoolToFloat { of(at: usize): v128 { return f32x4.convert_i32x4_s(unpack(at)); } }
class BoolToInt { of(at: usize): v128 { return unpack(at); } }
class IntToFloat { of(at: usize): v128 { return f32x4.convert_i32x4_s(v128.load(at)); } }
class IntToBool { of(at: usize): v128 { return i32x4.ne(v128.load(at), i32x4.splat(0)); } }
class FloatToBool { of(at: usize): v128 { return f32x4.ne(v128.load(at), f32x4.splat(0)); } }
class FloatToInt {
  of(at: usize): v128 {
    const x = v128.load(at);
    if (!v128.any_true(f32x4.ge(f32x4.abs(x), f32x4.splat(2147483648)))) return i32x4.trunc_sat_f32x4_s(x);
    return i32x4(
      wrap(f32x4.extract_lane(x, 0)), wrap(f32x4.extract_lane(x, 1)), wrap(f32x4.extract_lane(x, 2)), wrap(f32x4.extract_lane(x, 3)),
    );
  }
}

/** As JavaScript converts: modulo 2³², and 0 for what has no integer. */
function wrap(x: f32): i32 {
  // From 2⁵⁶ on every float32 is a multiple of 2³².
  return abs(x) < 72057594037927936 ? <i32><i64>x : 0;
}

/**
 * Elements of units from … to − 1.
 * @param conversion its place in the list of src/kernels/cast.ts
 */
export function cast(conversion: i32, x: usize, y: usize, size: i32, units: i32, from: i32, to: i32, thread: i32): void {
  const start = unitStart(size, units, from);
  const count = unitStart(size, units, to) - start;
  switch (conversion) {
    case 0: return toWords<BoolToFloat>(x + <usize>start, 1, y, start, count);
    case 1: return toWords<BoolToInt>(x + <usize>start, 1, y, start, count);
    case 2: return toWords<IntToFloat>(x + (<usize>start << 2), 4, y, start, count);
    case 3: return toWords<FloatToInt>(x + (<usize>start << 2), 4, y, start, count);
    case 4: return toBytes<IntToBool>(x, y, start, count);
    default: return toBytes<FloatToBool>(x, y, start, count);
  }
}

function toWords<Conversion>(x: usize, bytes: usize, y: usize, start: i32, count: i32): void {
  const conversion = changetype<Conversion>(0);
  y += <usize>start << 2;
  for (const end = y + (<usize>(count & ~3) << 2); y < end; y += 16) {
    v128.store(y, conversion.of(x));
    x += bytes << 2;
  }
  if (count & 3) storeLanes(y, conversion.of(x), count & 3);
}

function toBytes<Conversion>(x: usize, y: usize, start: i32, count: i32): void {
  const conversion = changetype<Conversion>(0);
  x += <usize>start << 2;
  y += <usize>start;
  for (const end = y + <usize>(count & ~3); y < end; y += 4) {
    store<u32>(y, pack(conversion.of(x)));
    x += 16;
  }
  if (count & 3) storeBytes(y, pack(conversion.of(x)), count & 3);
}
