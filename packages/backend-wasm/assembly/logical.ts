// Logic of bool tensors, sixteen bytes of 1 or 0 at a time.
import { unitStart } from './units';

class And { of(a: v128, b: v128): v128 { return v128.and(a, b); } }
class Or { of(a: v128, b: v128): v128 { return v128.or(a, b); } }
class Not { of(a: v128, b: v128): v128 { return v128.and(i8x16.eq(a, i8x16.splat(0)), i8x16.splat(1)); } }

/**
 * y = a ∘ b of units from … to − 1; of one operand alone, b is a as well.
 * @param operation its place in the list of src/kernels/logical.ts
 */
export function logical(operation: i32, a: usize, b: usize, y: usize, size: i32, units: i32, from: i32, to: i32, thread: i32): void {
  const start = unitStart(size, units, from), end = unitStart(size, units, to);
  if (operation == 0) loop<And>(a, b, y, start, end);
  else if (operation == 1) loop<Or>(a, b, y, start, end);
  else loop<Not>(a, b, y, start, end);
}

function loop<Operation>(a: usize, b: usize, y: usize, start: i32, end: i32): void {
  const operation = changetype<Operation>(0);
  let i = <usize>start;
  for (; i + 16 <= <usize>end; i += 16) v128.store(y + i, operation.of(v128.load(a + i), v128.load(b + i)));
  for (; i < <usize>end; i++) store<u8>(y + i, i8x16.extract_lane_u(operation.of(v128.load(a + i), v128.load(b + i)), 0));
}
