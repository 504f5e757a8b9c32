import { CrlnError, type Triple } from '@crln/core';
import { gunzip } from '../gzip.js';
import { sniff } from '../sniff.js';
import { VOXEL_ARRAYS, type Volume, type VoxelType } from '../volume.js';
import { decodeHeader, detectNifti, FIRST_VOXEL_BYTE, HEADER_BYTES, MAGIC, type NiftiHeader } from './header.js';
import { niftiGrid } from './orientation.js';
import { DATATYPES, OTHER_DATATYPES, reorderVoxels, swapBytes, voxelArray, voxelBytes } from './voxels.js';

/** Above this a typed array cannot be relied on, and 32-bit voxel counts end. */
const MOST_VOXELS = 2 ** 31 - 1;

interface Layout {
  header: NiftiHeader;
  littleEndian: boolean;
  type: VoxelType;
  shape: Triple;
  /** Byte at which the voxels begin, and end. */
  begin: number;
  end: number;
}

const refuse = (name: string, reason: string, fields: Record<string, unknown> = {}): CrlnError =>
  new CrlnError('file-format', `${name}: ${reason}`, { name, ...fields });

function shapeOf(header: NiftiHeader, name: string): Triple {
  const [rank, ...sizes] = header.dim as [number, ...number[]];
  if (!(rank >= 1 && rank <= 7)) throw refuse(name, `dim[0] is ${rank}; a NIfTI header has 1 to 7 there`, { rank });
  const used = sizes.slice(0, rank);
  if (used.some((size) => !Number.isSafeInteger(size) || size < 1)) {
    throw refuse(name, `its dimensions are [${used}]; each must be at least 1`, { dim: header.dim });
  }
  if (rank < 3)
    throw refuse(name, `it is ${rank}-D with dimensions [${used}]; a 3-D volume is needed`, { dim: header.dim });
  if (used.slice(3).some((size) => size > 1)) {
    throw refuse(
      name,
      `it is ${rank}-D with dimensions [${used}]; only 3-D volumes are supported so far: split it into one file per volume`,
      { dim: header.dim },
    );
  }
  const shape = used.slice(0, 3) as Triple;
  const voxels = shape[0] * shape[1] * shape[2];
  if (voxels > MOST_VOXELS)
    throw refuse(name, `its dimensions [${shape}] make ${voxels} voxels; at most ${MOST_VOXELS} can be held`, {
      shape,
    });
  return shape;
}

/** Reads and checks the header at the beginning of `head`. */
function layoutOf(head: Uint8Array, name: string): Layout {
  const found = detectNifti(head);
  if (!found) {
    const kind = sniff(head);
    const what =
      kind === 'empty'
        ? 'the file is empty'
        : kind === 'unknown'
          ? 'this is no NIfTI file (its first bytes are no NIfTI header)'
          : `this is a ${kind} file`;
    throw refuse(name, `${what}; expected NIfTI-1 or NIfTI-2 (.nii or .nii.gz)`, { kind });
  }
  const { version, littleEndian } = found;
  if (head.length < HEADER_BYTES[version]) {
    throw refuse(name, `the file ends after ${head.length} bytes, inside its header of ${HEADER_BYTES[version]}`, {
      bytes: head.length,
    });
  }
  const header = decodeHeader(head, version, littleEndian);
  if (header.magic !== MAGIC[version]) {
    const pair = header.magic.startsWith('ni');
    throw refuse(
      name,
      pair
        ? 'it is one half of a .hdr/.img pair; convert it to a single .nii file'
        : `its magic is ${JSON.stringify(header.magic)}; expected ${JSON.stringify(MAGIC[version])}`,
      { magic: header.magic },
    );
  }
  const shape = shapeOf(header, name);
  const type = (Object.keys(DATATYPES) as VoxelType[]).find((key) => DATATYPES[key] === header.datatype);
  if (!type) {
    const what = OTHER_DATATYPES[header.datatype] ?? 'which is not in the standard';
    throw refuse(
      name,
      `its datatype is ${header.datatype} (${what}); expected an integer or float type of 8 to 64 bits`,
      { datatype: header.datatype },
    );
  }
  const first = FIRST_VOXEL_BYTE[version];
  const begin = header.voxOffset === 0 ? first : header.voxOffset;
  if (!Number.isSafeInteger(begin) || begin < first) {
    throw refuse(name, `its vox_offset is ${header.voxOffset}; expected a whole number of at least ${first}`, {
      voxOffset: header.voxOffset,
    });
  }
  const end = begin + shape[0] * shape[1] * shape[2] * voxelBytes(type);
  return { header, littleEndian, type, shape, begin, end };
}

/** Values of `type`, scaled, are held in the smallest float type that keeps their distinct values apart. */
const scaledType = (type: VoxelType): 'float32' | 'float64' =>
  voxelBytes(type) < 4 || type === 'float32' ? 'float32' : 'float64';

/**
 * Reads a NIfTI-1 or NIfTI-2 file, packed or not, in either byte order. Voxels come in C order, after the file's slope and
 * intercept (then as float32, or float64 from 32- and 64-bit integers and float64); the affine is sform's, else qform's.
 *
 * @param bytes - the file
 * @param name - the file's name, for messages
 * @throws `CrlnError` `file-format` with the name and the reason: no NIfTI, 2-D or 4-D, complex or RGB, cut short, a damaged header
 */
export async function readNifti(bytes: Uint8Array, name = 'NIfTI data'): Promise<Volume> {
  const head = HEADER_BYTES[2];
  const content =
    sniff(bytes) === 'gzip' ? await gunzip(bytes, name, head, (start) => layoutOf(start, name).end) : bytes;
  const { header, littleEndian, type, shape, begin, end } = layoutOf(content.subarray(0, head), name);
  if (content.length < end) {
    throw refuse(
      name,
      `it is cut short: a ${shape.join('×')} volume of ${type} ends at byte ${end}, the file at ${content.length}`,
      { shape, expected: end, found: content.length },
    );
  }
  const { affine, spacing } = niftiGrid(header, name);
  // Slope 0 and not-a-number both mean: not scaled.
  const scales = Number.isFinite(header.sclSlope) && header.sclSlope !== 0;
  if (scales && !Number.isFinite(header.sclInter)) {
    throw refuse(name, `its scl_slope is ${header.sclSlope} but its scl_inter ${header.sclInter}; both must be finite`);
  }
  const slope = scales ? header.sclSlope : 1;
  const intercept = scales ? header.sclInter : 0;
  // A copy of its own: aligned, and slice() of a Node Buffer would be a view.
  const voxels = new Uint8Array(content.subarray(begin, end));
  if (!littleEndian) swapBytes(voxels, voxelBytes(type));
  const stored = voxelArray(voxels.buffer as ArrayBuffer, type);
  const scaled = slope !== 1 || intercept !== 0;
  const dtype = scaled ? scaledType(type) : type;
  const data = reorderVoxels(stored, new VOXEL_ARRAYS[dtype](stored.length), shape, 1, 'to-memory', slope, intercept);
  return { data, shape, channels: 1, spacing, affine, dtype, header, source: name };
}
