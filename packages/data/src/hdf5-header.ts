/** What an HDF5 file says of a volume. The field's benchmark files store no spacing; their volumes then have 1 mm. */
export interface Hdf5Header {
  readonly format: 'hdf5';
  /** Whether the spacing was in the file. */
  readonly spacingStored: boolean;
}
