/** The elements of a DICOM file that are read here, by the standard's keywords (PS3.6). */
export const TAG = {
  MediaStorageSOPClassUID: 0x00020002,
  TransferSyntaxUID: 0x00020010,
  ImageType: 0x00080008,
  SOPClassUID: 0x00080016,
  Modality: 0x00080060,
  SeriesDescription: 0x0008103e,
  SliceThickness: 0x00180050,
  SpacingBetweenSlices: 0x00180088,
  SeriesInstanceUID: 0x0020000e,
  ImagePositionPatient: 0x00200032,
  ImageOrientationPatient: 0x00200037,
  PlanePositionSequence: 0x00209113,
  PlaneOrientationSequence: 0x00209116,
  SamplesPerPixel: 0x00280002,
  PhotometricInterpretation: 0x00280004,
  NumberOfFrames: 0x00280008,
  Rows: 0x00280010,
  Columns: 0x00280011,
  PixelSpacing: 0x00280030,
  BitsAllocated: 0x00280100,
  BitsStored: 0x00280101,
  HighBit: 0x00280102,
  PixelRepresentation: 0x00280103,
  RescaleIntercept: 0x00281052,
  RescaleSlope: 0x00281053,
  ModalityLUTSequence: 0x00283000,
  PixelMeasuresSequence: 0x00289110,
  PixelValueTransformationSequence: 0x00289145,
  SharedFunctionalGroupsSequence: 0x52009229,
  PerFrameFunctionalGroupsSequence: 0x52009230,
  FloatPixelData: 0x7fe00008,
  DoubleFloatPixelData: 0x7fe00009,
  PixelData: 0x7fe00010,
} as const;

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0');
const KEYWORDS = new Map<number, string>(Object.entries(TAG).map(([keyword, tag]) => [tag, keyword]));

/** `Rows (0028,0010)`, or the numbers alone where they are no element of ours. */
export function tagName(tag: number): string {
  const numbers = `(${hex(Math.floor(tag / 65536))},${hex(tag % 65536)})`;
  const keyword = KEYWORDS.get(tag);
  return keyword ? `${keyword} ${numbers}` : numbers;
}
