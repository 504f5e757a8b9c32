/** The elements of `x`, in the order of a result of shape `result`, of which `place` says where in x each comes from; `fill` outside. */
export function elementsAt(
  x: ArrayLike<number>,
  shape: readonly number[],
  result: readonly number[],
  place: (position: number[]) => number[],
  fill = 0,
): number[] {
  const size = result.reduce((a, b) => a * b, 1);
  return Array.from({ length: size }, (_, index) => {
    const position = new Array<number>(result.length);
    for (let i = result.length - 1; i >= 0; i--) {
      position[i] = index % result[i]!;
      index = Math.floor(index / result[i]!);
    }
    const from = place(position);
    if (from.some((at, i) => at < 0 || at >= shape[i]!)) return fill;
    return x[from.reduce((at, p, i) => at * shape[i]! + p, 0)]!;
  });
}

/** How many elements are not the same. (On large arrays an equality of vitest takes minutes.) */
export function differing(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let count = 0;
  for (let i = 0; i < expected.length; i++) if (!Object.is(actual[i], expected[i])) count++;
  return count;
}
