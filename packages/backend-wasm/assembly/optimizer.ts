// The optimizer's step and the moving average of many parameters, computed in float64 as numbers of JavaScript are.
import { storeLanes } from './simd';

/** Elements of a unit, counted through all parameters one after another. */
const UNIT = 65536;
// Words of a parameter. Without a gradient it stays as it is; without an average nothing follows it.
const COUNT = 0, PARAMETER = 4, GRADIENT = 8, VELOCITY = 12, AVERAGE = 16, NEXT_PARAMETER = 20, NEXT_VELOCITY = 24, NEXT_AVERAGE = 28, BYTES = 32;

/**
 * g ← g + weightDecay·p; v ← momentum·v + g; p ← p − (gradientPart·g + velocityPart·v); average ← decay·average + (1 − decay)·p, where p
 * is the new parameter in float32.
 */
export function optimizerStep(
  parameters: usize, count: i32, momentum: f64, weightDecay: f64, gradientPart: f64, velocityPart: f64, decay: f64,
  from: i32, to: i32, thread: i32,
): void {
  let skip = <i64>from * UNIT, left = <i64>(to - from) * UNIT;
  for (let i = 0; i < count && left > 0; i++) {
    const job = parameters + <usize>(i * BYTES);
    const size = <i64>load<i32>(job, COUNT);
    if (skip >= size) {
      skip -= size;
      continue;
    }
    const elements = min(size - skip, left);
    const start = <usize>skip << 2, end = <usize>(skip + elements) << 2;
    if (load<usize>(job, GRADIENT)) descend(job, start, end, momentum, weightDecay, gradientPart, velocityPart);
    if (load<usize>(job, AVERAGE)) follow(job, start, end, decay);
    skip = 0;
    left -= elements;
  }
}

function descend(
  job: usize, start: usize, end: usize, momentum: f64, weightDecay: f64, gradientPart: f64, velocityPart: f64,
): void {
  const parameter = load<usize>(job, PARAMETER), gradient = load<usize>(job, GRADIENT), velocity = load<usize>(job, VELOCITY);
  const nextParameter = load<usize>(job, NEXT_PARAMETER), nextVelocity = load<usize>(job, NEXT_VELOCITY);
  const m = f64x2.splat(momentum), w = f64x2.splat(weightDecay), a = f64x2.splat(gradientPart), b = f64x2.splat(velocityPart);
  for (let at = start; at < end; at += 16) {
    const p = v128.load(parameter + at), g = v128.load(gradient + at), v = v128.load(velocity + at);
    const g0 = f64x2.add(low(g), f64x2.mul(w, low(p))), g1 = f64x2.add(high(g), f64x2.mul(w, high(p)));
    const v0 = f64x2.add(f64x2.mul(m, low(v)), g0), v1 = f64x2.add(f64x2.mul(m, high(v)), g1);
    const p0 = f64x2.sub(low(p), f64x2.add(f64x2.mul(a, g0), f64x2.mul(b, v0)));
    const p1 = f64x2.sub(high(p), f64x2.add(f64x2.mul(a, g1), f64x2.mul(b, v1)));
    const count = <i32>((end - at) >> 2);
    storeLanes(nextParameter + at, narrow(p0, p1), count);
    storeLanes(nextVelocity + at, narrow(v0, v1), count);
  }
}

function follow(job: usize, start: usize, end: usize, decay: f64): void {
  const parameter = load<usize>(job, GRADIENT) ? load<usize>(job, NEXT_PARAMETER) : load<usize>(job, PARAMETER);
  const average = load<usize>(job, AVERAGE), nextAverage = load<usize>(job, NEXT_AVERAGE);
  const keep = f64x2.splat(decay), take = f64x2.splat(1 - decay);
  for (let at = start; at < end; at += 16) {
    const p = v128.load(parameter + at), t = v128.load(average + at);
    const t0 = f64x2.add(f64x2.mul(low(t), keep), f64x2.mul(low(p), take));
    const t1 = f64x2.add(f64x2.mul(high(t), keep), f64x2.mul(high(p), take));
    storeLanes(nextAverage + at, narrow(t0, t1), <i32>((end - at) >> 2));
  }
}

/** The first two of four float32, as float64. */
// @ts-ignore: decorator
@inline
function low(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

/** The last two. */
// @ts-ignore: decorator
@inline
function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
}

/** Back to four float32. */
// @ts-ignore: decorator
@inline
function narrow(x: v128, y: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(x), f32x4.demote_f64x2_zero(y), 0, 1, 4, 5);
}
