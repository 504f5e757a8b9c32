import { CrlnError, type Triple } from '@crln/core';
import { gzip } from '../gzip.js';
import { assertVolume, VOXEL_ARRAYS, type Volume, type VoxelType } from '../volume.js';
import { encodeHeader, FIRST_VOXEL_BYTE, MAGIC, type NiftiHeader } from './header.js';
import { niftiGrid, quaternionOf } from './orientation.js';
import { DATATYPES, reorderVoxels, voxelBytes } from './voxels.js';

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

const RANGES: Readonly<Record<VoxelType, readonly [number, number]>> = {
  int8: [-(2 ** 7), 2 ** 7 - 1],
  uint8: [0, 2 ** 8 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint16: [0, 2 ** 16 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  // As far as a float64 names each integer.
  int64: [-(2 ** 53), 2 ** 53],
  uint64: [0, 2 ** 53],
  float32: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  float64: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
};

/** Voxels in file order and type, as bytes. An integer type that cannot hold a value is an error, never a silent wrap. */
function voxelFileBytes(volume: Volume, dtype: VoxelType): Uint8Array {
  const { data, shape, channels } = volume;
  if (!dtype.startsWith('float') && dtype !== volume.dtype) {
    const [low, high] = RANGES[dtype];
    const at = data.findIndex((value) => !Number.isInteger(value) || value < low || value > high);
    if (at >= 0) {
      throw new CrlnError(
        'invalid-data',
        `${volume.source ?? 'volume'}: the value ${data[at]} cannot be written as ${dtype}`,
        { value: data[at], dtype },
      );
    }
  }
  const reorder = <T extends Volume['data']>(target: T): T => reorderVoxels(data, target, shape, channels, 'to-file');
  const n = data.length;
  const wide = (): Uint8Array => {
    const whole = reorder(new Float64Array(n));
    const out = dtype === 'int64' ? new BigInt64Array(n) : new BigUint64Array(n);
    for (let i = 0; i < n; i++) out[i] = BigInt(whole[i]!);
    return new Uint8Array(out.buffer);
  };
  if (dtype === 'int64' || dtype === 'uint64') return wide();
  return new Uint8Array(reorder(new VOXEL_ARRAYS[dtype](n)).buffer);
}

/**
 * A volume as a NIfTI file: little-endian, single file. A volume that came from a NIfTI file keeps that file's version, position and
 * codes (sform, qform, units, intent, description), bit for bit while its affine is unchanged; extensions are not kept. Several channels
 * become the fourth dimension.
 *
 * @throws `CrlnError` `invalid-data` where a value does not fit `dtype`; `invalid-shape` where the volume contradicts itself
 */
export async function writeNifti(volume: Volume, options: WriteNiftiOptions = {}): Promise<Uint8Array> {
  assertVolume(volume, volume.source ?? 'volume');
  const { gzip: pack = true, dtype = volume.dtype } = options;
  const base = placed(volume);
  const version = base.version === 2 || volume.shape.some((size) => size > 32767) ? 2 : 1;
  const rank = volume.channels > 1 ? 4 : Math.max(3, base.dim[0]!);
  const header: NiftiHeader = {
    ...base,
    version,
    magic: MAGIC[version],
    dim: [rank, ...(volume.shape satisfies Triple), volume.channels, 1, 1, 1],
    datatype: DATATYPES[dtype],
    bitpix: voxelBytes(dtype) * 8,
    voxOffset: FIRST_VOXEL_BYTE[version],
    sclSlope: 1,
    sclInter: 0,
  };
  const head = encodeHeader(header);
  const voxels = voxelFileBytes(volume, dtype);
  const bytes = new Uint8Array(head.length + voxels.length);
  bytes.set(head);
  bytes.set(voxels, head.length);
  return pack ? gzip(bytes) : bytes;
}
