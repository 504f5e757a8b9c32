// Layer normalisation: statistics of each row of [rows][width], in float64 throughout, as a row may have two elements and then all of its
// gradient cancels. A unit is `perUnit` rows.

/**
 * y = (x − mean)·rstd·gamma + beta.
 * @param mean, rstd [rows]
 */
export function layerNorm(
  x: usize, gamma: usize, beta: usize, y: usize, mean: usize, rstd: usize, rows: i32, width: i32, epsilon: f64, perUnit: i32,
  from: i32, to: i32, thread: i32,
): void {
  const bytes = <usize>width << 2, last = min(to * perUnit, rows);
  for (let row = from * perUnit; row < last; row++) {
    const at = x + <usize>row * bytes, out = y + <usize>row * bytes, place = <usize>row << 2;
    let sum = f64x2.splat(0), squares = sum;
    for (let c: usize = 0; c < bytes; c += 8) sum = f64x2.add(sum, pair(at + c, bytes - c));
    const centre = total(sum) / width, m = f64x2.splat(centre);
    for (let c: usize = 0; c < bytes; c += 8) {
      const d = centred(at + c, bytes - c, m);
      squares = f64x2.add(squares, f64x2.mul(d, d));
    }
    const scale = 1 / sqrt(total(squares) / width + epsilon), r = f64x2.splat(scale);
    store<f32>(mean + place, <f32>centre);
    store<f32>(rstd + place, <f32>scale);
    for (let c: usize = 0; c < bytes; c += 8) {
      const left = bytes - c, n = f64x2.mul(centred(at + c, left, m), r);
      storePair(out + c, f64x2.add(f64x2.mul(n, pair(gamma + c, left)), pair(beta + c, left)), left);
    }
  }
}

/**
 * With h = dy·gamma and n = (x − mean)·rstd: dx = rstd·(h − mean(h) − n·mean(h·n)), and a unit's Σ dy·n and Σ dy over its rows.
 * @param sums [units][2][width up to whole pairs] float64
 */
export function layerNormGrad(
  dy: usize, x: usize, gamma: usize, mean: usize, rstd: usize, dx: usize, sums: usize, rows: i32, width: i32, perUnit: i32,
  from: i32, to: i32, thread: i32,
): void {
  const bytes = <usize>width << 2, wide = (bytes + 7 & ~7) * 2;
  for (let unit = from; unit < to; unit++) {
    const dgamma = sums + <usize>unit * wide * 2, dbeta = dgamma + wide;
    memory.fill(dgamma, 0, wide * 2);
    const last = min((unit + 1) * perUnit, rows);
    for (let row = unit * perUnit; row < last; row++) {
      const start = <usize>row * bytes, at = dy + start, source = x + start, out = dx + start, place = <usize>row << 2;
      const m = f64x2.splat(load<f32>(mean + place)), r = f64x2.splat(load<f32>(rstd + place));
      let sum = f64x2.splat(0), product = sum;
      for (let c: usize = 0; c < bytes; c += 8) {
        const left = bytes - c, d = pair(at + c, left), n = f64x2.mul(centred(source + c, left, m), r);
        const h = f64x2.mul(d, pair(gamma + c, left));
        sum = f64x2.add(sum, h);
        product = f64x2.add(product, f64x2.mul(h, n));
        add(dgamma + 2 * c, f64x2.mul(d, n));
        add(dbeta + 2 * c, d);
      }
      const s = f64x2.splat(total(sum) / width), p = f64x2.splat(total(product) / width);
      for (let c: usize = 0; c < bytes; c += 8) {
        const left = bytes - c, n = f64x2.mul(centred(source + c, left, m), r);
        const h = f64x2.mul(pair(at + c, left), pair(gamma + c, left));
        storePair(out + c, f64x2.mul(r, f64x2.sub(f64x2.sub(h, s), f64x2.mul(n, p))), left);
      }
    }
  }
}

/** The next two float32 of a row as float64; the second is 0 where only one is left. */
// @ts-ignore: decorator
@inline
function pair(at: usize, left: usize): v128 {
  return f64x2.promote_low_f32x4(left < 8 ? v128.load32_zero(at) : v128.load64_zero(at));
}

/** The next two minus the mean, 0 where none is left. */
// @ts-ignore: decorator
@inline
function centred(at: usize, left: usize, mean: v128): v128 {
  const d = f64x2.sub(pair(at, left), mean);
  return left < 8 ? f64x2.replace_lane(d, 1, 0) : d;
}

// @ts-ignore: decorator
@inline
function storePair(at: usize, value: v128, left: usize): void {
  const single = f32x4.demote_f64x2_zero(value);
  if (left < 8) v128.store32_lane(at, single, 0);
  else v128.store64_lane(at, single, 0);
}

// @ts-ignore: decorator
@inline
function add(to: usize, value: v128): void {
  v128.store(to, f64x2.add(v128.load(to), value));
}

// @ts-ignore: decorator
@inline
function total(value: v128): f64 {
  return f64x2.extract_lane(value, 0) + f64x2.extract_lane(value, 1);
}
