import { CrlnError, type RandomStream, type Triple } from '@crln/core';
import type { Box } from '../box.js';
import type { InputRecipe } from '../recipe.js';
import type { Case, Splits } from '../types.js';
import type { Volume } from '../volume.js';

/** Where a raw case lies: paths relative to the raw folder, with `/`. An image may be a folder (a DICOM series). */
export interface RawCase {
  readonly image: string;
  readonly label: string;
  /** Which form of the data it is, where a protocol knows several. */
  readonly form?: string;
}

/** What a protocol makes of a raw case. */
export interface ProtocolCase {
  /** float32. */
  readonly image: Volume;
  /** uint8 class indices on the image's grid. */
  readonly label: Volume;
  /** What had to be decided, in sentences for the manifest. */
  readonly notes: readonly string[];
}

/** Choices of the person who prepares. */
export interface ProtocolOptions {
  /** Draws what a protocol draws; of this case alone. */
  readonly rng: RandomStream;
  /** Pancreas: how label files are turned against their scans; default: found out. */
  readonly labelFlip?: string;
}

/** How a benchmark's raw data becomes what its papers train on. */
export interface Protocol {
  readonly name: string;
  /** The benchmark and whose protocol it is. */
  readonly title: string;
  /** What `find` looks for, for people. */
  readonly raw: string;
  /** Splits, and where they come from. */
  readonly splits: Required<Pick<Splits, 'train' | 'test'>> & Pick<Splits, 'val'> & { readonly origin: string };
  /** What is done, a sentence a step. */
  readonly steps: readonly string[];
  /** What a reader of its figures must know. */
  readonly remarks: readonly string[];
  /** Spacing of what it makes, mm. */
  readonly spacing: Triple;
  /** Sides that what it makes has at least. */
  readonly leastShape: Triple;
  /** Whether images are z-scored over all of the scan, over the positive voxels, or in [0, 1]. */
  readonly intensities: 'zscore' | 'zscore-positive' | 'window';
  /** Its label files may lie elsewhere than their scans, and `prepare` sees to it. */
  readonly alignsLabels?: boolean;
  readonly recipe: InputRecipe;
  /** The raw cases among the files of a folder (paths relative to it), by their name in the splits. */
  find(files: readonly string[]): Map<string, RawCase>;
  prepare(raw: Case, form: string | undefined, options: ProtocolOptions): ProtocolCase;
}

/** Intensities are scaled to [0, 1] before training, as the settings published for these data sets have it. */
export const RECIPE: InputRecipe = {
  format: 1,
  orientation: 'native',
  spacing: null,
  spacingTolerance: 0.1,
  normalisation: 'minmax',
  labels: [0, 1],
};

/** Folder and name of a path. */
export const partsOf = (path: string): { folder: string; name: string } => {
  const at = path.lastIndexOf('/');
  return { folder: path.slice(0, Math.max(at, 0)), name: path.slice(at + 1) };
};

/** For the manifest. */
export const cropNote = ({ start, size }: Box, shape: Triple): string =>
  `cropped to [${size}] from voxel [${start}] of [${shape}]`;

/** All cases of the splits, in their order. */
export const casesOf = ({ splits: { train, val = [], test } }: Protocol): string[] => [...train, ...val, ...test];

/** Notes where a case lies. @throws `CrlnError` `invalid-data` where it lies elsewhere too: which one is meant, nobody has said */
export function noteOnce<T extends string | RawCase>(found: Map<string, T>, id: string, where: T): void {
  const other = found.get(id);
  const pathOf = (one: T): string => (typeof one === 'string' ? one : one.image);
  if (other !== undefined && pathOf(other) !== pathOf(where)) {
    throw new CrlnError(
      'invalid-data',
      `${pathOf(where)} and ${pathOf(other)} are the same case '${id}'; remove one from the raw folder`,
      { id, paths: [pathOf(other), pathOf(where)] },
    );
  }
  found.set(id, where);
}

/** Whether a scan's spacing is not the protocol's, to one per cent. */
export const hasOtherSpacing = ({ spacing }: Protocol, image: Volume): boolean =>
  image.spacing.some((mm, axis) => Math.abs(mm / spacing[axis]! - 1) > 0.01);
