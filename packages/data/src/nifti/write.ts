import type { Triple } from '@crln/core';
import { concatenated, joined } from '../bytes.js';
import { gzipped } from '../gzip.js';
import { assertVolume, type Volume, type VoxelType } from '../volume.js';
import { assertWritable, voxelBytes, voxelChunks } from '../voxels.js';
import { DATATYPES } from './datatypes.js';
import { encodeHeader, FIRST_VOXEL_BYTE, MAGIC, type NiftiHeader, PAIR_MAGIC } from './header.js';
import { niftiGrid, quaternionOf } from './orientation.js';

export interface WriteNiftiOptions {
  /** Pack with gzip. Default true. */
  gzip?: boolean;
  /** Type in the file. Default the volume's own. */
  dtype?: VoxelType;
}

const BLANK: NiftiHeader = {
  format: 'nifti',
  version: 1,
  dimInfo: 0,
  dim: [3, 1, 1, 1, 1, 1, 1, 1],
  intentP: [0, 0, 0],
  intentCode: 0,
  datatype: 0,
  bitpix: 0,
  sliceStart: 0,
  sliceEnd: 0,
  sliceCode: 0,
  sliceDuration: 0,
  pixdim: [1, 1, 1, 1, 1, 1, 1, 1],
  voxOffset: 0,
  sclSlope: 1,
  sclInter: 0,
  xyztUnits: 2,
  calMax: 0,
  calMin: 0,
  toffset: 0,
  descrip: '',
  auxFile: '',
  // "Aligned": coordinates of something, we cannot know of what.
  qformCode: 2,
  sformCode: 2,
  quatern: [0, 0, 0],
  qoffset: [0, 0, 0],
  srow: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  intentName: '',
  magic: '',
};

/** The volume's own header with its position left as it was read, or rewritten where the volume has moved. */
function placed(volume: Volume): NiftiHeader {
  const own = volume.header?.format === 'nifti' ? volume.header : undefined;
  if (own) {
    const { affine, spacing } = niftiGrid({ ...own, dim: [own.dim[0]!, ...volume.shape] }, volume.source ?? 'volume');
    const same = affine.every((value, n) => value === volume.affine[n]);
    if (same && spacing.every((value, axis) => value === volume.spacing[axis])) return own;
  }
  const header = own ?? BLANK;
  const rotation = quaternionOf(volume.affine);
  return {
    ...header,
    pixdim: [rotation?.qfac ?? 1, ...volume.spacing, ...header.pixdim.slice(4)],
    // The numbers are mm now, whatever unit the file had; the unit of time stays.
    xyztUnits: (header.xyztUnits & 0x38) | 2,
    sformCode: header.sformCode || header.qformCode || 2,
    srow: volume.affine.slice(0, 12),
    // A sheared grid has no quaternion.
    qformCode: rotation ? header.qformCode : 0,
    quatern: rotation?.quatern ?? [0, 0, 0],
    qoffset: [3, 7, 11].map((n) => volume.affine[n]!),
  };
}

/** The two parts of a NIfTI file: its header (with the four bytes that say "no extensions"), and its voxels in slabs. */
export function niftiParts(
  volume: Volume,
  options: { dtype?: VoxelType; pair?: boolean } = {},
): { head: Uint8Array; voxels: Iterable<Uint8Array> } {
  assertVolume(volume, volume.source ?? 'volume');
  const { dtype = volume.dtype, pair = false } = options;
  assertWritable(volume, dtype);
  const base = placed(volume);
  const version = base.version === 2 || volume.shape.some((size) => size > 32767) ? 2 : 1;
  const rank = volume.channels > 1 ? 4 : Math.max(3, base.dim[0]!);
  const head = encodeHeader({
    ...base,
    version,
    magic: (pair ? PAIR_MAGIC : MAGIC)[version],
    dim: [rank, ...(volume.shape satisfies Triple), volume.channels, 1, 1, 1],
    datatype: DATATYPES[dtype],
    bitpix: voxelBytes(dtype) * 8,
    voxOffset: pair ? 0 : FIRST_VOXEL_BYTE[version],
    sclSlope: 1,
    sclInter: 0,
  });
  return { head, voxels: voxelChunks(volume, dtype) };
}

/** What {@link writeNifti} writes, in parts of some slices each: all that is held of it at a time. @throws what that throws */
export function niftiChunks(
  volume: Volume,
  options: WriteNiftiOptions = {},
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  const { gzip = true, ...rest } = options;
  const { head, voxels } = niftiParts(volume, rest);
  const chunks = concatenated([head], voxels);
  return gzip ? gzipped(chunks) : chunks;
}

/**
 * A volume as a NIfTI file: little-endian, single file. A volume that came from a NIfTI file keeps that file's version, position and
 * codes (sform, qform, units, intent, description), bit for bit while its affine is unchanged; extensions are not kept. Several channels
 * become the fourth dimension.
 *
 * @throws `CrlnError` `invalid-data` where a value does not fit `dtype`; `invalid-shape` where the volume contradicts itself
 */
export const writeNifti = async (volume: Volume, options: WriteNiftiOptions = {}): Promise<Uint8Array> =>
  joined(niftiChunks(volume, options));
