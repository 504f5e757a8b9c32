/**
 * Starts the work of the next `ahead` iterations whenever one is asked for, none from `end` on. A failure is told to whoever asks for that
 * iteration, and asking again tries again.
 */
export function prefetch<T>(
  make: (iteration: number) => Promise<T>,
  { ahead, end }: { ahead: number; end: number },
): (iteration: number) => Promise<T> {
  const coming = new Map<number, Promise<T>>();
  return (iteration) => {
    const last = Math.max(Math.min(iteration + ahead, end - 1), iteration);
    for (const other of coming.keys()) if (other < iteration || other > last) coming.delete(other);
    for (let next = iteration; next <= last; next++) {
      if (coming.has(next)) continue;
      const work = make(next);
      work.catch(() => {});
      coming.set(next, work);
    }
    const wanted = coming.get(iteration)!;
    coming.delete(iteration);
    return wanted;
  };
}
