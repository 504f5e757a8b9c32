/** What is kept of a DICOM series. Nothing of the patient is. */
export interface DicomHeader {
  readonly format: 'dicom';
  /** Series Instance UID. */
  readonly seriesUid: string;
  /** Such as `CT` or `MR`. */
  readonly modality: string;
  readonly sopClassUid: string;
  /** `MONOCHROME2` (large is bright) or `MONOCHROME1` (large is dark; the values are as stored, not inverted). */
  readonly photometric: string;
  /** What a person should know of how the series was read: files passed over, slices given twice, and the like. */
  readonly notes: readonly string[];
}
