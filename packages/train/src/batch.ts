import type { PatchBatch, RawBatch } from '@crln/data';
import type { Tensor1D, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core';
import { tensor1d, tensor4d, tensor5d } from '@tensorflow/tfjs-core';

/** The tensors of one iteration. */
export interface Batch {
  labelled: {
    /** [L, D, H, W, 1] */
    image: Tensor5D;
    /** Class indices, int32 [L, D, H, W]. */
    label: Tensor4D;
    caseIds: string[];
  };
  /** Where the method asks for it. */
  unlabelled?: {
    /** Weakly augmented, [U, D, H, W, 1]. */
    image: Tensor5D;
    caseIds: string[];
    /** Where the method asks for it: the same patches strongly augmented. */
    strong?: {
      /** [U, D, H, W, 1] */
      image: Tensor5D;
      /** For `gatherVoxels`: where each voxel comes from, −1 where it is padding. int32 [U·D·H·W] */
      index: Tensor1D;
    };
  };
}

/** Puts a batch on the backend. Run it inside `tf.tidy`. */
export function toTensors({ labelled, unlabelled }: RawBatch): Batch {
  const image = (patches: PatchBatch, values = patches.images): Tensor5D =>
    tensor5d(values, [patches.caseIds.length, ...patches.shape, 1]);
  const batch: Batch = {
    labelled: {
      image: image(labelled),
      label: tensor4d(labelled.labels, [labelled.caseIds.length, ...labelled.shape], 'int32'),
      caseIds: labelled.caseIds,
    },
  };
  if (unlabelled) {
    const { strong, caseIds } = unlabelled;
    batch.unlabelled = { image: image(unlabelled), caseIds };
    if (strong) {
      batch.unlabelled.strong = { image: image(unlabelled, strong.images), index: tensor1d(strong.index, 'int32') };
    }
  }
  return batch;
}
