import { describe, expect, it } from 'vitest';
import { phantomDataset } from '../../src/phantom/dataset.js';

const shape: [number, number, number] = [16, 12, 8];

describe('phantomDataset', () => {
  it('splits without overlap; the labelled cases are the first of train', () => {
    const set = phantomDataset({ shape, train: 6, labelled: 2, val: 1, test: 3 });
    expect(set.cases('train')).toHaveLength(6);
    expect(set.cases('labelled')).toEqual(set.cases('train').slice(0, 2));
    expect(set.cases('all')).toHaveLength(10);
    expect(new Set(set.cases('all')).size).toBe(10);
  });

  it('keeps the cases of one split when the size of another changes', async () => {
    const small = phantomDataset({ shape, train: 2, labelled: 1, val: 0, test: 1 });
    const large = phantomDataset({ shape, train: 9, labelled: 4, val: 2, test: 5 });
    expect(large.cases('train').slice(0, 2)).toEqual(small.cases('train'));
    expect(large.cases('test')[0]).toBe(small.cases('test')[0]);
    const id = small.cases('train')[1]!;
    expect((await large.load(id)).image.data).toEqual((await small.load(id)).image.data);
  });

  it('names what is wrong with counts and case names', async () => {
    expect(() => phantomDataset({ train: 2, labelled: 3 })).toThrow('labelled (3) must not exceed train (2)');
    expect(() => phantomDataset({ test: -1 })).toThrow('test must be a whole number');
    await expect(phantomDataset({ shape }).load('liver-1')).rejects.toThrow("there is no case 'liver-1'");
  });
});
