import { CrlnError } from '@crln/core';
import { createDataset } from '../dataset.js';
import type { Case, Dataset, Splits } from '../types.js';
import { type PhantomOptions, phantomCase, phantomId } from './atria.js';

export interface PhantomDatasetOptions extends PhantomOptions {
  /** Cases to train with. Default 40. */
  train?: number;
  /** How many of them, the first ones, show their label. Default 4. */
  labelled?: number;
  /** Default 4. */
  val?: number;
  /** Default 12. */
  test?: number;
}

/**
 * A data set of {@link phantomCase | phantom atria}, made in memory when a case is asked for. Every case has a label; `splits.labelled`
 * says which ones training may see. Each split has its own range of case numbers (test 0 …, val 1000 …, train 2000 …), so that no
 * option changes the cases of another split.
 */
export function phantomDataset(options: PhantomDatasetOptions = {}): Dataset {
  const { train = 40, labelled = 4, val = 4, test = 12 } = options;
  for (const [name, n] of Object.entries({ train, labelled, val, test })) {
    if (!Number.isInteger(n) || n < 0) {
      throw new CrlnError('invalid-argument', `phantomDataset: ${name} must be a whole number >= 0, got ${n}`, {
        [name]: n,
      });
    }
  }
  if (labelled > train) {
    throw new CrlnError('invalid-argument', `phantomDataset: labelled (${labelled}) must not exceed train (${train})`, {
      labelled,
      train,
    });
  }
  const range = (start: number, count: number) => Array.from({ length: count }, (_, i) => start + i);
  const indices = { test: range(0, test), val: range(1000, val), train: range(2000, train) };
  const byId = new Map(
    Object.values(indices).flatMap((list) => list.map((index) => [phantomId(index), index] as const)),
  );
  const made = new Map<string, Case>();
  return createDataset({
    name: 'phantom',
    ids: [...byId.keys()],
    isLabelled: () => true,
    async load(id) {
      const found = made.get(id) ?? phantomCase(byId.get(id)!, options);
      made.set(id, found);
      return found;
    },
    splits: {
      train: indices.train.map(phantomId),
      labelled: indices.train.slice(0, labelled).map(phantomId),
      val: indices.val.map(phantomId),
      test: indices.test.map(phantomId),
    } satisfies Splits,
  });
}
