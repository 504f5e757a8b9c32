import { CrlnError, stream } from '@crln/core';

export interface TwoStreamOptions {
  /** Cases whose label may be used. */
  labelled: readonly string[];
  /** Cases used without their label. */
  unlabelled: readonly string[];
  /** Labelled and unlabelled patches a batch: L, U. */
  batch: readonly [number, number];
  seed: number;
}

/** The cases that one batch takes its patches from: their names, or themselves. */
export interface BatchCases<T = string> {
  labelled: T[];
  unlabelled: T[];
}

/**
 * Which cases the batch of an iteration draws its patches from: each uniform over its list, with replacement. A pure function of
 * (seed, iteration), so that resuming and prefetching cannot change it.
 *
 * @throws `invalid-data` where patches are wanted from an empty list.
 */
export function twoStreamSampler(options: TwoStreamOptions): (iteration: number) => BatchCases {
  const { labelled, unlabelled, batch, seed } = options;
  const check = (name: 'labelled' | 'unlabelled', list: readonly string[], count: number) => {
    if (!Number.isInteger(count) || count < 0) {
      throw new CrlnError('invalid-option', `batch: expected whole numbers >= 0, got [${batch}]`, { batch });
    }
    if (count > 0 && list.length === 0) {
      throw new CrlnError(
        'invalid-data',
        `no ${name} case: a batch wants ${count} ${name} patches${name === 'unlabelled' ? '; a semi-supervised method needs at least one case beyond the labelled ones' : ''}`,
        { name, batch },
      );
    }
  };
  check('labelled', labelled, batch[0]);
  check('unlabelled', unlabelled, batch[1]);
  const draw = (purpose: string, list: readonly string[], count: number, iteration: number) =>
    Array.from({ length: count }, (_, n) => list[stream(seed, purpose, iteration, n).integer(list.length)]!);
  return (iteration) => ({
    labelled: draw('sampler/labelled', labelled, batch[0], iteration),
    unlabelled: draw('sampler/unlabelled', unlabelled, batch[1], iteration),
  });
}
