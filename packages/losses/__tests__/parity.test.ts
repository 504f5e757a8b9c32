import { type Tensor2D, type Tensor4D, type Tensor5D, tensor4d, tensor5d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { describeBackends } from '../../ops/__tests__/support/backends.js';
import {
  collaborativePositiveSupervision,
  confidenceWeightedCrossEntropy,
  crossEntropyLoss,
  diceCeLoss,
  diceLoss,
} from '../src/index.js';
import { errors, golden, read } from './golden.js';

describeBackends('values and gradients are those of PyTorch', () => {
  describe.each(golden.voxel.map((c) => ({ classes: c.logits.shape[4], c })))('with $classes classes', ({ c }) => {
    const logits = () => read<Tensor5D>(c.logits);
    const labels = () => read<Tensor4D>(c.labels, 'int32');
    const ignored = () => read<Tensor4D>(c.ignored, 'int32');
    const close = async (found: Promise<[number, number]>) => {
      const [value, gradient] = await found;
      expect(value).toBeLessThan(1e-4);
      expect(gradient).toBeLessThan(1e-4);
    };
    it('Dice', () => close(errors((x) => diceLoss(x, labels()), logits(), c.dice)));
    it('cross-entropy with ignored voxels', () =>
      close(errors((x) => crossEntropyLoss(x, ignored()), logits(), c.crossEntropy)));
    it('Dice + cross-entropy', () => close(errors((x) => diceCeLoss(x, labels()), logits(), c.supervised)));
    it('confidence-weighted cross-entropy', () => {
      const confidence = read<Tensor4D>(c.confidence);
      return close(errors((x) => confidenceWeightedCrossEntropy(x, ignored(), confidence), logits(), c.unsupervised));
    });
  });

  it.each([2, 3])(
    'leaves voxels out of the mean whose cross-entropy is 0 in float32, of %i classes',
    async (classes) => {
      // One voxel without a clue and two that are sure of the pseudo-label, the second beyond what float32 tells from certainty.
      const rest = new Array(classes - 2).fill(-40);
      const logits = tensor5d(
        [
          [0, 0],
          [0, 10],
          [0, 30],
        ].flatMap((pair) => [...pair, ...rest]),
        [1, 1, 1, 3, classes],
      );
      const loss = confidenceWeightedCrossEntropy(
        logits,
        tensor4d([1, 1, 1], [1, 1, 1, 3], 'int32'),
        tensor4d([1, 1, 1], [1, 1, 1, 3]),
      );
      expect((await loss.data())[0]).toBeCloseTo((Math.log(2) + Math.log1p(Math.exp(-10))) / 2, 5);
    },
  );

  it.each(golden.cps)('collaborative positive supervision: $name', async (c) => {
    const { anchor, negativeClass, negative } = c.random;
    const classes = c.probabilities.shape[4]!;
    const [value, gradient] = await errors(
      (representation) =>
        collaborativePositiveSupervision({
          representation,
          labels: read<Tensor4D>(c.labels, 'int32'),
          valid: read<Tensor4D>(c.valid),
          probabilities: read<Tensor5D>(c.probabilities),
          ...(c.prototypes && { prototypes: read<Tensor2D>(c.prototypes) }),
          xi: c.xi,
          random: {
            anchor: read<Tensor2D>(anchor),
            negativeClass: classes > 2 ? read<Tensor2D>(negativeClass) : null,
            negative: read<Tensor2D>(negative),
          },
        }),
      read<Tensor5D>(c.representation),
      c,
    );
    expect(value).toBeLessThan(1e-4);
    expect(gradient).toBeLessThan(1e-4);
  });
});
