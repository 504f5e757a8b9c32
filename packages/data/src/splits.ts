import { CrlnError, stream } from '@crln/core';
import type { Case, Dataset, Splits } from './types.js';

const LISTS = ['train', 'labelled', 'val', 'test'] as const;
/** Endings of files that hold volumes; what is left of the name is the case. */
const VOLUME_ENDING = /\.(nii\.gz|nii|nrrd|nhdr|(hdr|img)(\.gz)?|h5|hdf5)$/i;

/** The case that a file name stands for; undefined for a file that is no volume. */
export const caseOfFile = (file: string): string | undefined =>
  VOLUME_ENDING.test(file) && !file.startsWith('.') ? file.replace(VOLUME_ENDING, '') : undefined;

/**
 * Checks the lists of a `splits.json` against the cases there are. Entries may be case names or file names.
 *
 * @throws `CrlnError` `invalid-data` for an unknown key or case, a case twice, one both in training and in `val` or `test`
 */
export function parseSplits(json: unknown, ids: readonly string[], name: string): Splits {
  const bad = (reason: string, fields: Record<string, unknown> = {}): CrlnError =>
    new CrlnError('invalid-data', `${name}: ${reason}`, { name, ...fields });
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw bad('splits must be an object of lists of cases');
  const known = new Set(ids);
  const splits: Splits = {};
  for (const [key, value] of Object.entries(json)) {
    const list = LISTS.find((item) => item === key);
    if (!list) throw bad(`splits has '${key}'; expected some of ${LISTS.join(', ')}`, { key });
    if (!Array.isArray(value)) throw bad(`splits.${key} must be a list of cases`, { key });
    splits[list] = value.map((entry) => {
      const id = known.has(entry) ? entry : caseOfFile(String(entry));
      if (id === undefined || !known.has(id))
        throw bad(`splits.${key} names the case ${JSON.stringify(entry)}, which is not there`, { key, id: entry });
      return id;
    });
    const twice = splits[list].find((id, at, all) => all.indexOf(id) !== at);
    if (twice !== undefined) throw bad(`splits.${key} names the case '${twice}' twice`, { key, id: twice });
  }
  for (const [a, b] of [
    ['train', 'val'],
    ['train', 'test'],
    ['labelled', 'val'],
    ['labelled', 'test'],
    ['val', 'test'],
  ] as const) {
    const both = splits[a]?.find((id) => splits[b]?.includes(id));
    if (both !== undefined) throw bad(`the case '${both}' is both in splits.${a} and splits.${b}`, { id: both });
  }
  const stray = splits.train && splits.labelled?.find((id) => !splits.train!.includes(id));
  if (stray !== undefined)
    throw bad(`the case '${stray}' is in splits.labelled but not in splits.train`, { id: stray });
  return splits;
}

/** Who trains, with which labels, and who is evaluated. */
export interface Selection {
  /** `labelled` and `unlabelled` together, in the data set's order. */
  readonly train: readonly string[];
  readonly labelled: readonly string[];
  /** Cases whose label training does not see, or that have none. */
  readonly unlabelled: readonly string[];
  readonly val: readonly string[];
  readonly test: readonly string[];
  /** What was decided for want of a list, in sentences for a log. */
  readonly notes: readonly string[];
}

export interface SelectOptions {
  /**
   * How many training cases show their label: a whole number, or a fraction of the training cases below 1. They are the first of
   * `splits.labelled`, then of `train`. Default: `splits.labelled`, or every training case with a label.
   */
  labelled?: number;
  /** Take the labels of the last so many training cases for validation, and the cases out of training. For tuning. */
  holdOut?: number;
}

/** One case in five, at most, is held out where nobody says which to test on. */
const HELD_OUT = 0.2;

function labelledCount(asked: number | undefined, given: number, train: number): number {
  if (asked === undefined) return given;
  if (Number.isFinite(asked) && asked > 0 && asked < 1) return Math.max(1, Math.round(asked * train));
  if (Number.isInteger(asked) && asked >= 1) return asked;
  throw new CrlnError(
    'invalid-option',
    `labelled: expected a whole number of cases or a fraction below 1, got ${asked}`,
    { labelled: asked },
  );
}

/**
 * Decides the cases of a run. Without `splits`, one labelled case in five (of a fixed random order, the same for every seed) becomes the
 * test set, and `notes` says so.
 *
 * @throws `CrlnError` `invalid-option` where more labelled cases are asked for than there are; `invalid-data` where none is
 */
export function selectSplits(dataset: Dataset, options: SelectOptions = {}): Selection {
  const { name, splits } = dataset;
  const notes: string[] = [];
  const hasLabel = new Set(dataset.labelled);
  const evaluable = (list: 'val' | 'test'): string[] => {
    const cases = splits[list] ?? [];
    const blind = cases.filter((id) => !hasLabel.has(id));
    if (blind.length > 0)
      notes.push(`${blind.length} of ${cases.length} ${list} cases have no label and are not evaluated`);
    return cases.filter((id) => hasLabel.has(id));
  };
  let val = evaluable('val');
  let test = evaluable('test');
  if (!splits.train && !splits.test) {
    const pool = dataset.labelled.filter((id) => !splits.val?.includes(id) && !splits.labelled?.includes(id));
    const order = [...stream(0, 'hold-out').permutation(Math.max(pool.length, 1))].map((n) => pool[n]!);
    const chosen = new Set(order.slice(0, Math.floor(pool.length * HELD_OUT)));
    test = pool.filter((id) => chosen.has(id));
    notes.push(
      test.length > 0
        ? `no splits.json names a test set: ${test.length} of the ${pool.length} labelled cases are held out as test: ${test.join(', ')}`
        : `no splits.json names a test set, and ${pool.length} labelled cases are too few to hold some out: nothing is evaluated`,
    );
  }
  const away = new Set([...(splits.val ?? []), ...(splits.test ?? []), ...test]);
  let train = splits.train ?? dataset.cases().filter((id) => !away.has(id));
  const { holdOut = 0 } = options;
  if (holdOut > 0) {
    const last = train.filter((id) => hasLabel.has(id)).slice(-holdOut);
    val = [...val, ...last];
    train = train.filter((id) => !last.includes(id));
    notes.push(`the last ${last.length} training cases with a label are held out as val: ${last.join(', ')}`);
  }
  const given = (splits.labelled ?? train).filter((id) => hasLabel.has(id) && train.includes(id));
  const available = [...new Set([...given, ...train.filter((id) => hasLabel.has(id))])];
  const count = labelledCount(options.labelled, given.length, train.length);
  if (available.length === 0) {
    throw new CrlnError(
      'invalid-data',
      `${name}: none of its ${train.length} training cases has a label; put label files of the same names into labels/`,
      { name, train: train.length },
    );
  }
  if (count > available.length) {
    throw new CrlnError(
      'invalid-option',
      `labelled: ${options.labelled} asks for ${count} labelled cases, but only ${available.length} of the ${train.length} training cases of ${name} have a label`,
      { name, labelled: count, available: available.length },
    );
  }
  const labelled = available.slice(0, count);
  const shown = new Set(labelled);
  return { train, labelled, unlabelled: train.filter((id) => !shown.has(id)), val, test, notes };
}

/** The training cases of a selection, with only those labels that training may see. What `fitRecipe` is to learn from. */
export async function* trainingCases(dataset: Dataset, { train, labelled }: Selection): AsyncGenerator<Case> {
  const shown = new Set(labelled);
  for (const id of train) {
    const { image, label } = await dataset.load(id);
    yield shown.has(id) && label ? { id, image, label } : { id, image };
  }
}
