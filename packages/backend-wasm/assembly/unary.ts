// Elementwise operations of one float32 tensor.
import { storeLanes } from './simd';
import * as transcendental from './transcendental';
import { unitStart } from './units';

// An operation is a class without state, so that each gets a loop of its own; p and q are its parameters.
class Relu { of(x: v128, p: v128, q: v128): v128 { return f32x4.max(x, f32x4.splat(0)); } }
class Neg { of(x: v128, p: v128, q: v128): v128 { return f32x4.neg(x); } }
class Abs { of(x: v128, p: v128, q: v128): v128 { return f32x4.abs(x); } }
class Square { of(x: v128, p: v128, q: v128): v128 { return f32x4.mul(x, x); } }
class Sqrt { of(x: v128, p: v128, q: v128): v128 { return f32x4.sqrt(x); } }
class Rsqrt { of(x: v128, p: v128, q: v128): v128 { return f32x4.div(f32x4.splat(1), f32x4.sqrt(x)); } }
class Reciprocal { of(x: v128, p: v128, q: v128): v128 { return f32x4.div(f32x4.splat(1), x); } }
class Floor { of(x: v128, p: v128, q: v128): v128 { return f32x4.floor(x); } }
class Exp { of(x: v128, p: v128, q: v128): v128 { return transcendental.exp(x); } }
class Log { of(x: v128, p: v128, q: v128): v128 { return transcendental.log(x); } }
class Log1p { of(x: v128, p: v128, q: v128): v128 { return transcendental.log1p(x); } }
class Sigmoid { of(x: v128, p: v128, q: v128): v128 { return transcendental.sigmoid(x); } }
class Tanh { of(x: v128, p: v128, q: v128): v128 { return transcendental.tanh(x); } }
class Erf { of(x: v128, p: v128, q: v128): v128 { return transcendental.erf(x); } }

/** 1 above zero, else p; NaN stays NaN. */
class Step {
  of(x: v128, p: v128, q: v128): v128 {
    const y = v128.bitselect(f32x4.splat(1), p, f32x4.gt(x, f32x4.splat(0)));
    return v128.bitselect(y, x, f32x4.eq(x, x));
  }
}

/** Between p and q; NaN stays NaN. */
class Clip {
  of(x: v128, p: v128, q: v128): v128 {
    return v128.bitselect(q, v128.bitselect(p, x, f32x4.lt(x, p)), f32x4.gt(x, q));
  }
}

/**
 * y = operation(x) for elements of units from … to − 1.
 * @param operation its place in the list of src/kernels/unary.ts
 */
export function unary(operation: i32, x: usize, y: usize, p: f32, q: f32, size: i32, units: i32, from: i32, to: i32, thread: i32): void {
  const start = unitStart(size, units, from);
  const count = unitStart(size, units, to) - start;
  x += <usize>start << 2;
  y += <usize>start << 2;
  switch (operation) {
    case 0: return loop<Relu>(x, y, p, q, count);
    case 1: return loop<Neg>(x, y, p, q, count);
    case 2: return loop<Abs>(x, y, p, q, count);
    case 3: return loop<Square>(x, y, p, q, count);
    case 4: return loop<Sqrt>(x, y, p, q, count);
    case 5: return loop<Rsqrt>(x, y, p, q, count);
    case 6: return loop<Reciprocal>(x, y, p, q, count);
    case 7: return loop<Floor>(x, y, p, q, count);
    case 8: return loop<Exp>(x, y, p, q, count);
    case 9: return loop<Log>(x, y, p, q, count);
    case 10: return loop<Log1p>(x, y, p, q, count);
    case 11: return loop<Sigmoid>(x, y, p, q, count);
    case 12: return loop<Tanh>(x, y, p, q, count);
    case 13: return loop<Erf>(x, y, p, q, count);
    case 14: return loop<Step>(x, y, p, q, count);
    default: return loop<Clip>(x, y, p, q, count);
  }
}

function loop<Operation>(x: usize, y: usize, p: f32, q: f32, count: i32): void {
  const operation = changetype<Operation>(0);
  const ps = f32x4.splat(p), qs = f32x4.splat(q);
  for (const end = y + (<usize>(count & ~3) << 2); y < end; y += 16) {
    v128.store(y, operation.of(v128.load(x), ps, qs));
    x += 16;
  }
  if (count & 3) storeLanes(y, operation.of(v128.load(x), ps, qs), count & 3);
}
