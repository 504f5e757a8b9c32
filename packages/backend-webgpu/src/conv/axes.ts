import type { Triple } from '@crln/core';

export const AXES = [0, 1, 2] as const;

/** A number for each of D, H, W. */
export const perAxis = (f: (axis: 0 | 1 | 2) => number): Triple => [f(0), f(1), f(2)];

/** Elements of a volume. */
export const volume = ([d, h, w]: Triple): number => d * h * w;

/** Parameters name0, name1, name2. */
export const numbered = (name: string, values: Triple): Record<string, number> =>
  Object.fromEntries(values.map((value, axis) => [`${name}${axis}`, value]));

/** The same with one type for all, to declare them. */
export const declared = <T>(type: T, ...names: string[]): Record<string, T> =>
  Object.fromEntries(names.flatMap((name) => AXES.map((axis) => [`${name}${axis}`, type])));

/** WGSL of the vector of i32 parameters name0, name1, name2. */
export const vector = (name: string): string => `vec3<i32>(p.${name}0, p.${name}1, p.${name}2)`;
