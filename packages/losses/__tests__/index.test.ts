import { expect, it } from 'vitest';
import * as losses from '../src/index.js';

it('exports this and nothing else', () => {
  expect(Object.keys(losses).sort()).toEqual([
    'collaborativePositiveSupervision',
    'confidenceWeightedCrossEntropy',
    'cpsSample',
    'crossEntropyLoss',
    'diceCeLoss',
    'diceLoss',
    'linearRampUp',
    'sigmoidRampUp',
    'softmaxKlLoss',
    'softmaxMseLoss',
    'voxelEntropy',
  ]);
});
