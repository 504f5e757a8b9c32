/**
 * WGSL functions, for what WGSL's own do not promise:
 *
 * - `exponential(x)`: eˣ of x ≤ 88 to 2 ulp, 0 below −87.7; WGSL's `exp` may be off by 2·|x| ulp;
 * - `logOnePlus(x)`: log(1 + x) of finite x ≥ 0, to relative accuracy for the tiniest x too.
 *
 * Neither depends on the order in which a compiler evaluates it. Of NaN they may make anything: callers look for it themselves.
 */
export const EXPONENTIALS = `
fn exponential(x: f32) -> f32 {
  let v = max(x, -88.0);
  let n = round(v * 1.44269504);
  // n·ln 2 in two parts, the first product exact.
  let r = (v - n * 0.693359375) + n * 2.12194440e-4;
  let q = (((0.00138131445 * r + 0.00836941883) * r + 0.0416684568) * r + 0.166665148) * r + 0.499999931;
  return (r * r * q + r + 1.0) * bitcast<f32>(u32(i32(n) + 127) << 23u);
}
// With 1 + x = 2ᵏ·(1 + f): k·ln 2 + 2·artanh(s), s = f / (2 + f). Where k is 0, f is x itself: 1 + x has lost its last bits.
fn logOnePlus(x: f32) -> f32 {
  let bits = bitcast<u32>(1.0 + x);
  let k = (bits >> 23u) - 127u;
  let f = select(bitcast<f32>(bits - (k << 23u)) - 1.0, x, k == 0u);
  let s = f / (2.0 + f);
  let z = s * s;
  let q = 1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0 + z / 13.0))));
  return f32(k) * 0.693147181 + 2.0 * (s + s * z * q);
}`;
