/** Central differences of `f` at `x`, in float64. */
export function slopes(x: ArrayLike<number>, f: (x: Float64Array) => number, step = 1e-5): Float64Array {
  const at = Float64Array.from(x);
  return at.map((value, i) => {
    at[i] = value + step;
    const above = f(at);
    at[i] = value - step;
    const below = f(at);
    at[i] = value;
    return (above - below) / (2 * step);
  });
}
