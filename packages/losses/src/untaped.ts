import { customGrad, keep, scalar, type Tensor, zerosLike } from '@tensorflow/tfjs-core';

/**
 * Runs `f` with no gradient tape: its results are constants, and nothing of what it computes on the way is kept for a backward
 * pass. (The tape sees one operation on an unrelated scalar.)
 */
export function untaped<T extends Record<string, Tensor>>(f: () => T): T {
  const unrelated = scalar(0);
  let results: [string, Tensor][] = [];
  const done = customGrad(() => {
    results = Object.entries(f()).map(([name, tensor]) => [name, keep(tensor.clone())]);
    return { value: scalar(0), gradFunc: () => zerosLike(unrelated) };
  })(unrelated);
  done.dispose();
  unrelated.dispose();
  return Object.fromEntries(
    results.map(([name, kept]) => {
      // `keep` cannot be taken back: the caller gets a clone that its own tidy cleans up.
      const result = kept.clone();
      kept.dispose();
      return [name, result];
    }),
  ) as T;
}
