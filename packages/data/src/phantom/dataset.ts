import { CrlnError } from '@crln/core';
import type { Case, Dataset, SplitName, Splits } from '../types.js';
import { type PhantomOptions, phantomCase } from './atria.js';

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
  const id = (index: number) => `atria-${String(index).padStart(4, '0')}`;
  const splits: Splits = {
    train: indices.train.map(id),
    labelled: indices.train.slice(0, labelled).map(id),
    val: indices.val.map(id),
    test: indices.test.map(id),
  };
  const byId = new Map(Object.values(indices).flatMap((list) => list.map((index) => [id(index), index] as const)));
  const all = [...byId.keys()];
  const made = new Map<string, Case>();
  return {
    name: 'phantom',
    splits,
    labelled: all,
    unlabelled: [],
    cases: (split: SplitName = 'all') => (split === 'all' ? all : (splits[split] ?? [])),
    async load(name) {
      const index = byId.get(name);
      if (index === undefined) {
        throw new CrlnError(
          'invalid-argument',
          `phantom: there is no case ${name}; cases are ${all[0]} … ${all.at(-1)}`,
          {
            id: name,
          },
        );
      }
      const found = made.get(name) ?? phantomCase(index, options);
      made.set(name, found);
      return found;
    },
  };
}
