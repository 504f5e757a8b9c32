import { CrlnError } from '@crln/core';
import { reshape, type Scalar, stack, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** The losses of one iteration, on the backend until they are read. */
interface Pending {
  /** How many iterations are finished with this one. */
  iteration: number;
  learningRate: number;
  caseIds: string[];
  losses: Record<string, Scalar>;
}

/** The losses of one iteration. */
export interface ReadLosses {
  iteration: number;
  learningRate: number;
  losses: Record<string, number>;
}

/** Collects losses, and reads them back many at a time. */
export class LossBuffer {
  #pending: Pending[] = [];

  get size(): number {
    return this.#pending.length;
  }

  add(entry: Pending): void {
    this.#pending.push(entry);
  }

  /**
   * Reads all losses since the last call, in one transfer.
   * @throws CrlnError `not-finite` naming the first iteration whose loss is no number, and its cases
   */
  async read(): Promise<ReadLosses[]> {
    const pending = this.#pending;
    this.#pending = [];
    const scalars = pending.flatMap(({ losses }) => Object.values(losses));
    if (scalars.length === 0) return [];
    const all: Tensor = tidy(() => stack(scalars.map((value) => reshape(value, []))));
    for (const value of scalars) value.dispose();
    const values = await all.data();
    all.dispose();
    let at = 0;
    return pending.map(({ iteration, learningRate, caseIds, losses }) => {
      const read = Object.fromEntries(Object.keys(losses).map((name) => [name, values[at++] as number]));
      const bad = Object.entries(read).find(([, value]) => !Number.isFinite(value));
      if (bad) {
        throw new CrlnError(
          'not-finite',
          `iteration ${iteration}: ${bad[0]} became ${bad[1]}, on cases ${caseIds.join(', ')}; lower the learning rate or look at these images. The last checkpoint is kept`,
          { iteration, loss: bad[0], cases: caseIds },
        );
      }
      return { iteration, learningRate, losses: read };
    });
  }

  dispose(): void {
    for (const { losses } of this.#pending) for (const value of Object.values(losses)) value.dispose();
    this.#pending = [];
  }
}

/** The mean of every loss. */
export function meanLosses(read: readonly ReadLosses[]): Record<string, number> {
  const names = new Set(read.flatMap(({ losses }) => Object.keys(losses)));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = read.map(({ losses }) => losses[name]).filter((value) => value !== undefined);
      return [name, values.reduce((a, b) => a + b, 0) / values.length];
    }),
  );
}
