import { detectNifti } from './nifti/header.js';

export type FileKind = 'gzip' | 'nifti' | 'hdf5' | 'NRRD' | 'DICOM' | 'PNG' | 'MetaImage' | 'empty' | 'unknown';

const HDF5_SIGNATURE = '\x89HDF\r\n\x1a\n';

/** More is not looked at. */
const SNIFF_BYTES = 132;

/** What the first bytes of a file say it is; its name is not asked. */
export function sniff(bytes: Uint8Array): FileKind {
  if (bytes.length === 0) return 'empty';
  const text = String.fromCharCode(...bytes.subarray(0, SNIFF_BYTES));
  if (text.startsWith('\x1f\x8b')) return 'gzip';
  if (text.startsWith(HDF5_SIGNATURE)) return 'hdf5';
  if (detectNifti(bytes)) return 'nifti';
  if (text.startsWith('NRRD')) return 'NRRD';
  if (text.startsWith('\x89PNG')) return 'PNG';
  if (text.startsWith('ObjectType') || text.startsWith('NDims')) return 'MetaImage';
  if (text.slice(128) === 'DICM') return 'DICOM';
  return 'unknown';
}
