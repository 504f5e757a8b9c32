/** The same type or value for each name, as shaders and their callers list what they bind. */
export const each = <T>(names: readonly string[], value: T): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, value]));
