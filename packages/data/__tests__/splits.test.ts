import { describe, expect, it } from 'vitest';
import { datasetOf } from '../src/dataset.js';
import { caseOfFile, selectSplits, trainingCases } from '../src/splits.js';
import type { Case } from '../src/types.js';
import { volume } from '../src/volume.js';

const image = volume(new Uint8Array(1), [1, 1, 1]);
/** Cases c00, c01 …; those of `blind` have no label. */
const cases = (n: number, blind: number[] = []): Case[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `c${String(i).padStart(2, '0')}`,
    image,
    ...(blind.includes(i) ? {} : { label: image }),
  }));
const names = (...numbers: number[]) => numbers.map((n) => `c${String(n).padStart(2, '0')}`);

describe('selectSplits', () => {
  const splits = { train: names(0, 1, 2, 3, 4, 5, 6, 7), labelled: names(5, 1), val: [], test: names(8, 9) };

  it('labels the first of splits.labelled, then of train; the rest of train is unlabelled', () => {
    const data = datasetOf(cases(10), { splits });
    expect(selectSplits(data)).toMatchObject({
      labelled: names(5, 1),
      unlabelled: names(0, 2, 3, 4, 6, 7),
      test: names(8, 9),
      val: [],
      notes: [],
    });
    expect(selectSplits(data, { labelled: 1 }).labelled).toEqual(names(5));
    expect(selectSplits(data, { labelled: 4 }).labelled).toEqual(names(5, 1, 0, 2));
    expect(selectSplits(data, { labelled: 0.25 }).labelled).toEqual(names(5, 1));
  });

  it('holds labels of the last training cases out where asked', () => {
    const chosen = selectSplits(datasetOf(cases(10), { splits }), { holdOut: 2, labelled: 1 });
    expect(chosen).toMatchObject({ val: names(6, 7), train: names(0, 1, 2, 3, 4, 5) });
    expect(chosen.notes[0]).toMatch(/last 2 training cases .* held out as val/);
  });

  it('refuses more labelled cases than there are, saying how many there are', () => {
    const data = datasetOf(cases(10, [0, 2, 3]), { splits });
    expect(() => selectSplits(data, { labelled: 6 })).toThrow(
      /asks for 6 labelled cases, but only 5 of the 8 training cases/,
    );
    expect(() => selectSplits(data, { labelled: 0 })).toThrow(/whole number of cases or a fraction/);
    expect(() => selectSplits(datasetOf(cases(3, [0, 1, 2])))).toThrow(/none of its 3 training cases has a label/);
  });

  it('without splits holds out a fifth of the labelled cases, always the same, and says so', () => {
    const data = datasetOf(cases(12, [10, 11]));
    const chosen = selectSplits(data);
    expect(chosen.test).toHaveLength(2);
    expect(chosen.train).toHaveLength(10);
    expect(chosen.unlabelled).toEqual(names(10, 11));
    expect(chosen.notes[0]).toContain(`2 of the 10 labelled cases are held out as test: ${chosen.test.join(', ')}`);
    expect(selectSplits(data)).toEqual(chosen);
    expect(selectSplits(datasetOf(cases(3))).notes[0]).toMatch(/too few/);
  });

  it('trains on the rest where only test and val are named, and evaluates no case without a label', () => {
    const chosen = selectSplits(datasetOf(cases(6, [5]), { splits: { val: names(0), test: names(4, 5) } }));
    expect(chosen).toMatchObject({ train: names(1, 2, 3), val: names(0), test: names(4) });
    expect(chosen.notes).toEqual(['1 of 2 test cases have no label and are not evaluated']);
  });

  it('hides from training every label it was not given', async () => {
    const data = datasetOf(cases(10), { splits });
    const shown: string[] = [];
    for await (const item of trainingCases(data, selectSplits(data))) if (item.label) shown.push(item.id);
    expect(shown).toEqual(names(1, 5));
  });
});

describe('splits.json', () => {
  it('may name files', () => {
    expect(datasetOf(cases(2), { splits: { train: ['c00.nii.gz', 'c01'] } }).cases('train')).toEqual(names(0, 1));
    expect([caseOfFile('a.b.nii.gz'), caseOfFile('x.h5'), caseOfFile('.hidden.nii'), caseOfFile('notes.txt')]).toEqual([
      'a.b',
      'x',
      undefined,
      undefined,
    ]);
  });

  it.each([
    [{ train: ['c09'] }, /splits\.train names the case "c09", which is not there/],
    [{ train: [7] }, /names the case 7, which is not there/],
    [{ train: names(0, 0) }, /names the case 'c00' twice/],
    [{ train: names(0), test: names(0) }, /'c00' is both in splits\.train and splits\.test/],
    [{ train: names(0), labelled: names(1) }, /'c01' is in splits\.labelled but not in splits\.train/],
    [{ training: names(0) }, /splits has 'training'; expected some of train, labelled, val, test/],
    [{ train: 'c00' }, /splits\.train must be a list/],
    [[1], /must be an object/],
  ])('is refused where it cannot be meant: %j', (splits, message) => {
    expect(() => datasetOf(cases(3), { name: 'set', splits })).toThrow(message);
  });
});
