import type { CrlnError, Triple } from '@crln/core';
import { assertHolds, type ByteStream, readOn, skipTo, streamOf } from '../bytes.js';
import { unpacked } from '../gzip.js';
import { refuse } from '../refuse.js';
import { sniff } from '../sniff.js';
import type { Volume, VoxelType } from '../volume.js';
import { MOST_VOXELS, readVoxels, voxelBytes } from '../voxels.js';
import { DATATYPES, OTHER_DATATYPES } from './datatypes.js';
import {
  decodeHeader,
  detectNifti,
  FIRST_VOXEL_BYTE,
  HEADER_BYTES,
  MAGIC,
  type NiftiHeader,
  PAIR_MAGIC,
} from './header.js';
import { niftiGrid } from './orientation.js';

/** Of packed data that goes on behind the voxels, that much more is looked at than the voxels are, in search of its checksum. */
const MOST_AFTER = 2 ** 20;

interface Layout {
  header: NiftiHeader;
  littleEndian: boolean;
  type: VoxelType;
  shape: Triple;
  /** Byte at which the voxels begin, and end. */
  begin: number;
  end: number;
}

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

function wrongMagic({ magic, version }: NiftiHeader, name: string, paired: boolean): CrlnError {
  const reason =
    magic === MAGIC[version]
      ? 'it is a single NIfTI file; read it without another file for its image'
      : magic === PAIR_MAGIC[version]
        ? 'it is the header of a .hdr/.img pair, its voxels are in the other file; give that one too'
        : version === 1 && !magic.startsWith('n')
          ? 'it is an ANALYZE 7.5 header (no NIfTI magic), which does not say which side is left; convert it to NIfTI with a program that knows how it was made'
          : `its magic is ${JSON.stringify(magic)}; expected ${JSON.stringify((paired ? PAIR_MAGIC : MAGIC)[version])}`;
  return refuse(name, reason, { magic });
}

/** Reads and checks the header at the beginning of `head`; `paired` where the voxels are in another file. */
function layoutOf(head: Uint8Array, name: string, paired: boolean): Layout {
  const found = detectNifti(head);
  if (!found) {
    const kind = sniff(head);
    const what =
      kind === 'empty'
        ? 'the file is empty'
        : kind === 'unknown'
          ? 'this is no NIfTI file (its first bytes are no NIfTI header)'
          : `this is a ${kind} file`;
    throw refuse(name, `${what}; expected NIfTI-1 or NIfTI-2 (.nii, .nii.gz or .hdr)`, { kind });
  }
  const { version, littleEndian } = found;
  if (head.length < HEADER_BYTES[version]) {
    throw refuse(name, `the file ends after ${head.length} bytes, inside its header of ${HEADER_BYTES[version]}`, {
      bytes: head.length,
    });
  }
  const header = decodeHeader(head, version, littleEndian);
  if (header.magic !== (paired ? PAIR_MAGIC : MAGIC)[version]) throw wrongMagic(header, name, paired);
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
  const first = paired ? 0 : FIRST_VOXEL_BYTE[version];
  const begin = header.voxOffset === 0 ? first : header.voxOffset;
  if (!Number.isSafeInteger(begin) || begin < first) {
    throw refuse(name, `its vox_offset is ${header.voxOffset}; expected a whole number of at least ${first}`, {
      voxOffset: header.voxOffset,
    });
  }
  const end = begin + shape[0] * shape[1] * shape[2] * voxelBytes(type);
  return { header, littleEndian, type, shape, begin, end };
}

async function readStreams(file: ByteStream, image: ByteStream | undefined, name: string): Promise<Volume> {
  const head = await file.peek(HEADER_BYTES[2]);
  const { header, littleEndian, type, shape, begin, end } = layoutOf(head, name, image !== undefined);
  const { affine, spacing } = niftiGrid(header, name);
  // Slope 0 and not-a-number both mean: not scaled.
  const scales = Number.isFinite(header.sclSlope) && header.sclSlope !== 0;
  if (scales && !Number.isFinite(header.sclInter)) {
    throw refuse(name, `its scl_slope is ${header.sclSlope} but its scl_inter ${header.sclInter}; both must be finite`);
  }
  const scaling = scales ? { slope: header.sclSlope, intercept: header.sclInter } : {};
  const stream = image ?? file;
  assertHolds(stream, end, `a ${shape.join('×')} volume of ${type}`);
  await skipTo(stream, begin);
  const { data, dtype } = await readVoxels(stream, { shape, type, littleEndian, ...scaling });
  await readOn(stream, end + MOST_AFTER);
  return { data, shape, channels: 1, spacing, affine, dtype, header, source: name };
}

/**
 * Reads a NIfTI-1 or NIfTI-2 file, packed or not, in either byte order: a single file, or the two of a `.hdr`/`.img` pair. Voxels come in
 * C order, after the file's slope and intercept (then as float32, or float64 from 32- and 64-bit integers and float64); the affine is
 * sform's, else qform's. Of a stream, a few slices are held at a time beside the volume; it is closed.
 *
 * @param file - the file, or the header of a pair
 * @param name - the file's name, for messages
 * @param image - the image of a pair
 * @throws `CrlnError` `file-format` with the name and the reason: no NIfTI, 2-D or 4-D, complex or RGB, cut short, a damaged header,
 * a pair's header without its image
 */
export async function readNifti(
  file: Uint8Array | ByteStream,
  name = 'NIfTI data',
  image?: Uint8Array | ByteStream,
): Promise<Volume> {
  const open: ByteStream[] = [];
  try {
    open.push(await unpacked(streamOf(file, name)));
    if (image) open.push(await unpacked(streamOf(image, `${name} (image)`)));
    return await readStreams(open[0]!, open[1], name);
  } finally {
    for (const stream of open) await stream.close();
  }
}
