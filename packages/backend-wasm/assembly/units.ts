// How work is cut into parts of nearly the same length, by geometry alone.

/** Where a part of a whole begins; part `parts` is the end. */
// @ts-ignore: decorator
@inline
export function cut(size: i32, parts: i32, part: i32): i32 {
  return <i32>(<i64>size * part / parts);
}

/** The same for elements side by side: parts of whole cache lines. */
// @ts-ignore: decorator
@inline
export function unitStart(size: i32, units: i32, unit: i32): i32 {
  return unit == units ? size : cut(size, units, unit) & ~63;
}
