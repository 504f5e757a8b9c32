import { EXPONENTIALS } from './exponentials.js';

/**
 * WGSL functions of any f32, to a few ulp: the language's own may be far off (`log` near 1, `sin`, `tanh`, `pow`). NaN stays NaN. They
 * keep to the {@link EXPONENTIALS}, which come with them.
 */
export const TRANSCENDENTALS = `${EXPONENTIALS}
fn infinity() -> f32 { var bits = 0x7f800000u; return bitcast<f32>(bits); }

fn expOf(x: f32) -> f32 {
  // From e⁸⁸·⁷³ on it is infinite. 2980.957987 is e⁸.
  let high = exponential(min(x, 96.0) - 8.0) * 2980.957987;
  return select(select(exponential(min(x, 80.0)), high, x > 80.0), x, isNan(x));
}
// log u, where rest is u − 1, of which u itself may have lost the last bits. With u = 2ᵏ·(1 + f), f from √½ − 1 to √2 − 1:
// k·ln 2 + 2·artanh(s), s = f / (2 + f).
fn logOfSum(u: f32, rest: f32) -> f32 {
  let bits = bitcast<i32>(u);
  let k = (bits + (0x3f800000 - 0x3f3504f3)) >> 23u;
  let exponent = k - 127;
  let f = select(bitcast<f32>(bits - (exponent << 23u)) - 1.0, rest, exponent == 0);
  let s = f / (2.0 + f);
  let z = s * s;
  let q = 1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z / 11.0)));
  let y = f32(exponent) * 0.693147181 + 2.0 * (s + s * z * q);
  if (bits == 0x7f800000 || isNan(u)) { return u; }
  if (u == 0.0) { return -infinity(); }
  return select(y, nan(), bits < 0);
}
fn logOf(x: f32) -> f32 { return logOfSum(x, x - 1.0); }
fn log1pOf(x: f32) -> f32 { return logOfSum(1.0 + x, x); }
fn expm1Of(x: f32) -> f32 {
  let q = (((0.00138131445 * x + 0.00836941883) * x + 0.0416684568) * x + 0.166665148) * x + 0.499999931;
  return select(expOf(x) - 1.0, x * x * q + x, abs(x) < 0.3466);
}
// From e^−|x|, which does not overflow.
fn sigmoidOf(x: f32) -> f32 {
  let e = exponential(-abs(x));
  return select(select(1.0, e, x < 0.0) / (1.0 + e), x, isNan(x));
}
fn softplusOf(x: f32) -> f32 { return select(max(x, 0.0) + logOnePlus(exponential(-abs(x))), x, isNan(x)); }
// An odd polynomial near 0, else ±(1 − 2 / (e^2|x| + 1)).
fn tanhOf(x: f32) -> f32 {
  let z = x * x;
  let p = (((-0.0057049872 * z + 0.0206390874) * z - 0.0537397151) * z + 0.133314422) * z - 0.333332819;
  let far = 1.0 - 2.0 / (exponential(min(2.0 * abs(x), 40.0)) + 1.0);
  return select(select(select(far, -far, x < 0.0), x * z * p + x, abs(x) < 0.625), x, isNan(x));
}
// An odd polynomial near 0, else ±(1 − e^q(|x|)), where q is a polynomial for the logarithm of the complement.
fn erfOf(x: f32) -> f32 {
  let z = x * x;
  var p = ((8.513124e-5 * z - 0.000817564457) * z + 0.0052038597) * z - 0.0268605087;
  p = ((p * z + 0.11283715) * z - 0.37612635) * z + 0.12837917;
  let a = min(abs(x), 4.1);
  var q = ((0.000202527357 * a - 0.00310717908) * a + 0.0224789745) * a - 0.104448031;
  q = ((q * a - 0.636601664) * a - 1.12801544) * a - 0.000114703441;
  let far = 1.0 - exponential(q);
  return select(select(select(far, -far, x < 0.0), x * p + x, abs(x) < 0.9), x, isNan(x));
}
// sin(x + quarters·π/2) from the rest of x by π/2, which is subtracted in three parts: good for |x| up to some ten thousand.
fn sinOf(x: f32, quarters: i32) -> f32 {
  let n = round(x * 0.636619772);
  let r = ((x - n * 1.5703125) - n * 4.837512969970703125e-4) - n * 7.549790126404332e-8;
  let z = r * r;
  let sine = r + r * z * (-1.0 / 6.0 + z * (1.0 / 120.0 + z * (-1.0 / 5040.0 + z / 362880.0)));
  let cosine = 1.0 + z * (-0.5 + z * (1.0 / 24.0 + z * (-1.0 / 720.0 + z * (1.0 / 40320.0 - z / 3628800.0))));
  let quadrant = i32(n) + quarters;
  let y = select(sine, cosine, (quadrant & 1) == 1);
  return select(y, -y, (quadrant & 2) == 2);
}
// aᵇ by squaring where b is a small whole number, else |a|ᵇ = e^(b·log |a|), with its sign where b is whole.
fn powerOf(a: f32, b: f32) -> f32 {
  if (b == 0.0) { return 1.0; }
  if (isNan(a) || isNan(b)) { return nan(); }
  let whole = floor(b) == b;
  let size = abs(b);
  if (whole && size <= 64.0) {
    var result = 1.0;
    var square = a;
    for (var n = u32(size); n > 0u; n >>= 1u) {
      if ((n & 1u) == 1u) { result *= square; }
      square *= square;
    }
    return select(result, 1.0 / result, b < 0.0);
  }
  if (a == 0.0) { return select(0.0, infinity(), b < 0.0); }
  if (a < 0.0 && !whole) { return nan(); }
  let odd = whole && size < 16777216.0 && (u32(size) & 1u) == 1u;
  let y = expOf(b * logOf(abs(a)));
  return select(y, -y, a < 0.0 && odd);
}
fn wholePowerOf(a: i32, b: i32) -> i32 {
  if (b < 0) { return select(select(0, select(1, -1, (b & 1) == 1), a == -1), 1, a == 1); }
  var result = 1;
  var square = a;
  for (var n = u32(b); n > 0u; n >>= 1u) {
    if ((n & 1u) == 1u) { result *= square; }
    square *= square;
  }
  return result;
}`;
