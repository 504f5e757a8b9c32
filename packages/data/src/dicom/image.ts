import type { CrlnError } from '@crln/core';
import { isCrlnError } from '@crln/core';
import { refuse } from '../refuse.js';
import type { DataSet } from './elements.js';
import type { DicomContent } from './file.js';
import { type FramePlace, framesOf } from './frames.js';
import { TAG, tagName } from './tags.js';
import { textOf, wholeOf } from './values.js';

/** How the numbers of one pixel lie in the file. */
export interface PixelLayout {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly bitsAllocated: 8 | 16 | 32;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
}

/** What a file says of the image in it. */
export interface DicomImage {
  readonly name: string;
  readonly seriesUid: string;
  readonly description: string;
  readonly modality: string;
  readonly sopClass: string;
  readonly photometric: string;
  /** Absent where `problem` says why the image cannot be read; its series may not be the one that is wanted. */
  readonly layout?: PixelLayout;
  readonly places: readonly FramePlace[];
  readonly problem?: CrlnError;
}

/** Storage classes without an image: structured reports, presentation states, plans, waveforms, documents, raw data, directories. */
const NO_IMAGE =
  /^1\.2\.840\.10008\.(1\.3\.10$|5\.1\.4\.1\.1\.(11\.|66$|66\.[12356]$|67$|88\.|9\.|104\.|481\.[3-9]$|481\.1\d$))/;

/** Whether a DICOM file holds something else than an image, and says so. */
export const isOtherObject = ({ dataSet, sopClass }: DicomContent): boolean =>
  NO_IMAGE.test(sopClass) && !dataSet.elements.has(TAG.PixelData);

function needed(dataSet: DataSet, tag: number, least: number, most: number): number {
  const value = wholeOf(dataSet, tag);
  if (value === undefined)
    throw refuse(dataSet.name, `${tagName(tag)} is missing; this is no whole image`, { tag: tagName(tag) });
  if (value < least || value > most) {
    throw refuse(dataSet.name, `${tagName(tag)} is ${value}; expected ${least} to ${most}`, {
      tag: tagName(tag),
      value,
    });
  }
  return value;
}

/** @throws `CrlnError` `file-format` for what is no grey image of 8, 16 or 32 bits */
function layoutOf(dataSet: DataSet, photometric: string, frames: number): PixelLayout {
  const { name } = dataSet;
  const samples = wholeOf(dataSet, TAG.SamplesPerPixel) ?? 1;
  if (samples !== 1 || !/^MONOCHROME[12]?$/.test(photometric)) {
    throw refuse(
      name,
      `it is a ${photometric || 'colour'} image with ${samples} sample${samples === 1 ? '' : 's'} a pixel; only grey images (MONOCHROME2, MONOCHROME1) are volumes`,
      { photometric, samples },
    );
  }
  const rows = needed(dataSet, TAG.Rows, 1, 65535);
  const columns = needed(dataSet, TAG.Columns, 1, 65535);
  const bitsAllocated = needed(dataSet, TAG.BitsAllocated, 1, 64);
  if (bitsAllocated !== 8 && bitsAllocated !== 16 && bitsAllocated !== 32) {
    throw refuse(name, `${tagName(TAG.BitsAllocated)} is ${bitsAllocated}; only 8, 16 and 32 are read`, {
      bitsAllocated,
    });
  }
  const bitsStored = wholeOf(dataSet, TAG.BitsStored) ?? bitsAllocated;
  const highBit = wholeOf(dataSet, TAG.HighBit) ?? bitsStored - 1;
  if (bitsStored < 1 || highBit >= bitsAllocated || highBit + 1 < bitsStored) {
    throw refuse(
      name,
      `${bitsStored} bits up to bit ${highBit} do not fit the ${bitsAllocated} bits of a pixel; its header is damaged`,
      {
        bitsStored,
        highBit,
        bitsAllocated,
      },
    );
  }
  const signed = needed(dataSet, TAG.PixelRepresentation, 0, 1) === 1;
  return { rows, columns, frames, bitsAllocated, bitsStored, highBit, signed };
}

/** @throws `CrlnError` `file-format` */
function readImage(content: DicomContent, photometric: string): Pick<DicomImage, 'layout' | 'places'> {
  const { dataSet, refusal } = content;
  const { name, elements } = dataSet;
  if (refusal) throw refuse(name, refusal);
  if (!elements.has(TAG.PixelData)) {
    const float = elements.has(TAG.FloatPixelData) || elements.has(TAG.DoubleFloatPixelData);
    throw refuse(
      name,
      float
        ? 'its pixels are floating-point numbers, which are not read; convert it to integers with a rescale slope'
        : `${tagName(TAG.PixelData)} is missing; the file holds no image, or is cut short`,
    );
  }
  if (textOf(dataSet, TAG.ImageType)?.includes('MOSAIC')) {
    throw refuse(name, 'it is a mosaic: the slices of a volume side by side in one picture; convert it with dcm2niix');
  }
  if (elements.has(TAG.ModalityLUTSequence)) {
    throw refuse(
      name,
      'its values go through a look-up table (ModalityLUTSequence (0028,3000)), which is not read; only a rescale slope and intercept are',
    );
  }
  const places = framesOf(dataSet);
  return { layout: layoutOf(dataSet, photometric, places.length), places };
}

/** What a file says of its image; why it cannot be read is kept for whoever wants its series. */
export function imageOf(content: DicomContent): DicomImage {
  const { dataSet, sopClass } = content;
  const photometric = textOf(dataSet, TAG.PhotometricInterpretation) ?? '';
  const about = {
    name: dataSet.name,
    seriesUid: textOf(dataSet, TAG.SeriesInstanceUID) ?? '',
    description: textOf(dataSet, TAG.SeriesDescription) ?? '',
    modality: textOf(dataSet, TAG.Modality) ?? '',
    sopClass,
    photometric,
  };
  try {
    return { ...about, ...readImage(content, photometric) };
  } catch (problem) {
    if (!isCrlnError(problem)) throw problem;
    return { ...about, places: [], problem };
  }
}
