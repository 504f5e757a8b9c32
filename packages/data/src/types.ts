import type { Triple } from '@crln/core';
import type { Normalisation } from './normalise.js';
import type { Volume } from './volume.js';

/** One patient's scan as its file has it, with its label where there is one. */
export interface Case {
  readonly id: string;
  readonly image: Volume;
  readonly label?: Volume;
}

/**
 * A case after its {@link InputRecipe}: reoriented, resampled, normalised, labels mapped to class indices. What samplers,
 * augmentations and networks see. `image` and `label` are C-order [D, H, W].
 */
export interface PreparedCase {
  readonly id: string;
  readonly image: Float32Array;
  readonly label?: Uint8Array;
  readonly shape: Triple;
  /** What was done to the intensities. Absent on a case that no recipe made. */
  readonly normalisation?: Normalisation;
  /** Smallest and largest value of the image, where somebody has looked. */
  readonly range?: readonly [number, number];
}

/** Where a case lies. */
export interface CaseFiles {
  id: string;
  /** Path of the image. */
  image: string;
  /** Path of the label, where there is one; it may be the image's own. */
  label?: string;
  /** What they are called in HDF5 files. */
  datasets?: DatasetNames;
}

/** Names of datasets in HDF5 files, groups before them: `study/mask`. */
export interface DatasetNames {
  /** Default `image`, or the only 3-D dataset. */
  readonly image?: string;
  /** Default `label`. */
  readonly label?: string;
}

/** Case lists as `splits.json` has them. `labelled` is the order in which cases of `train` get to show their label. */
export interface Splits {
  train?: string[];
  labelled?: string[];
  val?: string[];
  test?: string[];
}

/** The names under which `Dataset.cases` lists cases; `'all'` is every case there is. */
export type SplitName = 'all' | 'train' | 'labelled' | 'val' | 'test';

/** A set of cases, read when asked for. */
export interface Dataset {
  /** For messages: the folder, or a name. */
  readonly name: string;
  /** What the data set says of itself; a list it does not give is absent. */
  readonly splits: Readonly<Splits>;
  /** Cases that have a label, in the data set's order (whether or not a training run may see it). */
  readonly labelled: readonly string[];
  /** Cases without a label. */
  readonly unlabelled: readonly string[];
  /** The cases of one split (empty where the data set does not name that split), or all of them. */
  cases(split?: SplitName): readonly string[];
  load(id: string): Promise<Case>;
  /** Where a case lies, where it lies in files: `load` reads these. */
  files?(id: string): CaseFiles;
}
