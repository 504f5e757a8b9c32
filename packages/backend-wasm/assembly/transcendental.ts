// eˣ, log x, tanh x, … of four float32 at once, to 2 ulp. Polynomials are minimax fits of this project's own.
import { madd } from './simd';

// @ts-ignore: decorator
@inline
const LN2_HIGH: f32 = 0.693359375;
// @ts-ignore: decorator
@inline
const LN2_LOW: f32 = -2.12194440e-4;

// @ts-ignore: decorator
@inline
function c(value: f32): v128 {
  return f32x4.splat(value);
}

/** 2^n of whole n from −126 to 127. */
// @ts-ignore: decorator
@inline
function power2(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** eˣ = 2ⁿ·eʳ with |r| ≤ ln 2 / 2. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  // Beyond these it is 0 or ∞; NaN stays.
  const v = f32x4.max(f32x4.min(x, c(89)), c(-104.5));
  const n = f32x4.nearest(f32x4.mul(v, c(1.44269504)));
  // n·LN2_HIGH is exact.
  const r = f32x4.sub(f32x4.sub(v, f32x4.mul(n, c(LN2_HIGH))), f32x4.mul(n, c(LN2_LOW)));
  let p = madd(c(0.00138131445), r, c(0.00836941883));
  p = madd(p, r, c(0.0416684568));
  p = madd(p, r, c(0.166665148));
  p = madd(p, r, c(0.499999931));
  p = f32x4.add(madd(f32x4.mul(r, r), p, r), c(1));
  // In two factors, since 2ⁿ itself may be ∞ or below the normal numbers.
  const whole = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(p, power2(half)), power2(i32x4.sub(whole, half)));
}

/** log x = k·ln 2 + log(1 + f) with 1 + f from √½ to √2, and log(1 + f) = 2·artanh(s), s = f / (2 + f). */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const tiny = f32x4.lt(x, c(1.17549435e-38));
  const v = v128.bitselect(f32x4.mul(x, c(8388608)), x, tiny);
  // Adding 1 − √½ in the bits carries into the exponent where the mantissa is above √½.
  const bits = i32x4.add(v, i32x4.splat(0x3f800000 - 0x3f3504f3));
  const whole = i32x4.sub(i32x4.shr_s(bits, 23), i32x4.splat(127));
  const k = f32x4.convert_i32x4_s(i32x4.sub(whole, v128.and(tiny, i32x4.splat(23))));
  const f = f32x4.sub(i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3)), c(1));
  const s = f32x4.div(f, f32x4.add(f, c(2)));
  const z = f32x4.mul(s, s);
  const q = f32x4.mul(z, madd(madd(c(0.298719968), z, c(0.399775324)), z, c(0.666667764)));
  // 2·artanh(s) = f − (h − s·(h + q)) with h = f²/2: f, the largest, is exact.
  const h = f32x4.mul(f32x4.mul(f, f), c(0.5));
  const rest = f32x4.sub(madd(s, f32x4.add(h, q), f32x4.mul(k, c(LN2_LOW))), h);
  const y = f32x4.add(f32x4.add(rest, f), f32x4.mul(k, c(LN2_HIGH)));
  const finite = v128.bitselect(y, x, f32x4.lt(x, c(Infinity)));
  const positive = v128.bitselect(finite, c(-Infinity), f32x4.ne(x, c(0)));
  return v128.bitselect(c(NaN), positive, f32x4.lt(x, c(0)));
}

/** log(1 + x): what 1 + x loses in rounding to u is made up for by x / (u − 1). */
// @ts-ignore: decorator
@inline
export function log1p(x: v128): v128 {
  const u = f32x4.add(x, c(1));
  const y = f32x4.mul(log(u), f32x4.div(x, f32x4.sub(u, c(1))));
  const plain = v128.or(f32x4.eq(u, c(1)), f32x4.eq(x, c(Infinity)));
  return v128.bitselect(x, y, plain);
}

/** 1 / (1 + e⁻ˣ), from e^−|x|, which does not overflow. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(x)));
  const large = f32x4.div(c(1), f32x4.add(e, c(1)));
  return v128.bitselect(f32x4.mul(e, large), large, f32x4.lt(x, c(0)));
}

/** An odd polynomial near 0, else ±(1 − 2 / (e^2|x| + 1)). */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const a = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  let p = madd(c(-0.0057049872), z, c(0.0206390874));
  p = madd(p, z, c(-0.0537397151));
  p = madd(p, z, c(0.133314422));
  p = madd(p, z, c(-0.333332819));
  const near = madd(f32x4.mul(x, z), p, x);
  const e = exp(f32x4.add(a, a));
  const far = f32x4.sub(c(1), f32x4.div(c(2), f32x4.add(e, c(1))));
  return v128.bitselect(near, withSign(far, x), f32x4.lt(a, c(0.625)));
}

/** An odd polynomial near 0, else ±(1 − e^q(|x|)), where q is a polynomial for the logarithm of the complement. */
// @ts-ignore: decorator
@inline
export function erf(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let p = madd(c(8.513124e-5), z, c(-0.000817564457));
  p = madd(p, z, c(0.0052038597));
  p = madd(p, z, c(-0.0268605087));
  p = madd(p, z, c(0.11283715));
  p = madd(p, z, c(-0.37612635));
  p = madd(p, z, c(0.12837917));
  const near = madd(x, p, x);
  const a = f32x4.min(f32x4.abs(x), c(4.1));
  let q = madd(c(0.000202527357), a, c(-0.00310717908));
  q = madd(q, a, c(0.0224789745));
  q = madd(q, a, c(-0.104448031));
  q = madd(q, a, c(-0.636601664));
  q = madd(q, a, c(-1.12801544));
  q = madd(q, a, c(-0.000114703441));
  const far = f32x4.sub(c(1), exp(q));
  return v128.bitselect(near, withSign(far, x), f32x4.lt(a, c(0.9)));
}

/** The size of a value ≥ 0 with the sign of x. */
// @ts-ignore: decorator
@inline
function withSign(value: v128, x: v128): v128 {
  return v128.or(value, v128.and(x, i32x4.splat(0x80000000)));
}
