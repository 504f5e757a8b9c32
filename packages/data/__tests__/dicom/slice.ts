import { type ElementValue, encodeElement, joinBytes } from '../../src/dicom/encode.js';
import type { DicomFile } from '../../src/dicom/read.js';
import { TAG } from '../../src/dicom/tags.js';

export type Elements = Record<number, readonly [vr: string, value: ElementValue] | undefined>;
export interface SliceFile extends DicomFile {
  bytes: Uint8Array;
}

const EXPLICIT = '1.2.840.10008.1.2.1';
const CT = '1.2.840.10008.5.1.4.1.1.2';

/** A preamble, a header and these elements. */
export function dicomFile(elements: Elements, syntax = EXPLICIT, sopClass = CT): Uint8Array {
  const preamble = new Uint8Array(132);
  preamble.set([68, 73, 67, 77], 128);
  const encode = (all: Elements): Uint8Array[] =>
    Object.entries(all)
      .sort(([a], [b]) => Number(a) - Number(b))
      .flatMap(([tag, element]) => (element ? [encodeElement(Number(tag), ...element)] : []));
  const meta = encode({ [TAG.MediaStorageSOPClassUID]: ['UI', sopClass], [TAG.TransferSyntaxUID]: ['UI', syntax] });
  return joinBytes([preamble, ...meta, ...encode(elements)]);
}

/** Axial slice of 2 rows and 3 columns at height z, its voxels z·10 + index; elements can be put in place of its own, or left out. */
export function slice(z: number, other: Elements = {}, syntax = EXPLICIT): SliceFile {
  const pixels = Int16Array.from({ length: 6 }, (_, n) => Math.round(z * 10) + n);
  return {
    name: `z${z}.dcm`,
    bytes: dicomFile(
      {
        [TAG.Modality]: ['CS', 'CT'],
        [TAG.SliceThickness]: ['DS', '9'],
        [TAG.SeriesInstanceUID]: ['UI', '1.2.3'],
        [TAG.ImagePositionPatient]: ['DS', `-10\\-20\\${z}`],
        [TAG.ImageOrientationPatient]: ['DS', '1\\0\\0\\0\\1\\0'],
        [TAG.SamplesPerPixel]: ['US', [1]],
        [TAG.PhotometricInterpretation]: ['CS', 'MONOCHROME2'],
        [TAG.Rows]: ['US', [2]],
        [TAG.Columns]: ['US', [3]],
        [TAG.PixelSpacing]: ['DS', '0.5\\0.75'],
        [TAG.BitsAllocated]: ['US', [16]],
        [TAG.BitsStored]: ['US', [16]],
        [TAG.HighBit]: ['US', [15]],
        [TAG.PixelRepresentation]: ['US', [1]],
        [TAG.PixelData]: ['OW', new Uint8Array(pixels.buffer)],
        ...other,
      },
      syntax,
    ),
  };
}
