/** An axis along which several arrays are walked at once: its size, and how many elements a step along it is in each. */
export interface Axis {
  size: number;
  steps: number[];
}

/** Elements between neighbours along each axis of an array. */
export function strides(shape: readonly number[]): number[] {
  const steps = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    steps[i] = step;
    step *= shape[i]!;
  }
  return steps;
}

/** The same along the axes of a shape that the array is broadcast to: 0 where it repeats. */
export function stepsIn(shape: readonly number[], result: readonly number[]): number[] {
  const missing = result.length - shape.length;
  const own = strides(shape);
  return result.map((_, i) => (i < missing || shape[i - missing] === 1 ? 0 : own[i - missing]!));
}

/**
 * The axes along which a box is walked, outermost first and at least one: neighbours along which all arrays move as along one axis are
 * merged, so that most boxes end in few.
 * @param arrays the steps of each array along the box' axes
 */
export function walk(size: readonly number[], arrays: readonly (readonly number[])[]): Axis[] {
  const axes: Axis[] = [];
  size.forEach((n, i) => {
    if (n === 1) return;
    const steps = arrays.map((array) => array[i]!);
    const outer = axes.at(-1);
    if (outer?.steps.every((step, array) => step === steps[array]! * n)) {
      outer.size *= n;
      outer.steps = steps;
    } else axes.push({ size: n, steps });
  });
  return axes.length > 0 ? axes : [{ size: 1, steps: arrays.map(() => 1) }];
}

/** WGSL of the position c0, c1, … that `index` has in a box, from the sizes p.n1, p.n2, … of all axes but the outermost. */
export function position(rank: number): string {
  const lines = ['var rest = index;'];
  for (let i = rank - 1; i > 0; i--) lines.push(`let c${i} = rest % p.n${i};`, `rest /= p.n${i};`);
  return [...lines, 'let c0 = rest;'].join('\n');
}

/** The parameters that {@link position} needs, for sizes outermost first. */
export const positionParams = (sizes: readonly number[]): Record<string, number> =>
  Object.fromEntries(sizes.map((n, i) => [`n${i}`, n]).slice(1));
