import { CrlnError, type Triple } from '@crln/core';
import { affineColumn } from '../affine.js';
import { assertVolume, type Volume, voxelIndex } from '../volume.js';
import { decimalString, type ElementValue, encodeElement, joinBytes } from './encode.js';
import { SLAB, volumeToSlices } from './slab.js';
import { normalOf } from './stack.js';
import { digest, uidOf } from './uid.js';

export interface WriteDicomOptions {
  /** Which kind of image it is written as. Default `'CT'`. */
  modality?: 'CT' | 'MR';
  /** Series Description: up to 64 letters, digits and signs of ASCII. */
  description?: string;
}

const SOP_CLASS = { CT: '1.2.840.10008.5.1.4.1.1.2', MR: '1.2.840.10008.5.1.4.1.1.4' } as const;
const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
/** Of these packages, as the writer of a file. */
const IMPLEMENTATION = '2.25.251306416285174430518190227317208195147';
/** Axes of a slice must be at right angles to this cosine. */
const RIGHT_ANGLE = 1e-4;

/** How voxels are stored: `voxel = stored + intercept`. */
interface Storage {
  readonly bits: 8 | 16;
  readonly signed: boolean;
  readonly intercept: number;
}

/** @throws `CrlnError` `invalid-data` where 16 bits do not hold every voxel exactly */
function storageOf({ data, dtype, shape }: Volume, name: string): Storage {
  if (dtype === 'uint8' || dtype === 'int8') return { bits: 8, signed: dtype === 'int8', intercept: 0 };
  if (dtype === 'uint16' || dtype === 'int16') return { bits: 16, signed: dtype === 'int16', intercept: 0 };
  let low = data[0]!;
  let high = low;
  for (let n = 0; n < data.length; n++) {
    const value = data[n]!;
    if (!Number.isInteger(value)) {
      throw new CrlnError(
        'invalid-data',
        `${name}: the value ${value} at [${voxelIndex(n, shape)}] is no whole number; DICOM images hold 16-bit whole numbers: round or scale the voxels first, or write NIfTI`,
        { name, value },
      );
    }
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low >= -32768 && high <= 32767) return { bits: 16, signed: true, intercept: 0 };
  if (low >= 0 && high <= 65535) return { bits: 16, signed: false, intercept: 0 };
  // Sixteen characters hold no longer intercept.
  if (high - low <= 65535 && Math.abs(low) < 1e15) return { bits: 16, signed: false, intercept: low };
  throw new CrlnError(
    'invalid-data',
    `${name}: its values range from ${low} to ${high}; DICOM images hold 16-bit whole numbers, a range of 65535: scale the voxels first, or write NIfTI`,
    { name, low, high },
  );
}

/** A grid in DICOM's patient coordinates (LPS). */
interface Grid {
  readonly along: Triple;
  readonly down: Triple;
  readonly step: Triple;
  readonly origin: Triple;
  /** Between rows, between columns, as PixelSpacing has them. */
  readonly pixelSpacing: readonly [number, number];
  readonly thickness: number;
}

/** @throws `CrlnError` `invalid-data` where the axes of a slice are not at right angles */
function gridOf({ affine }: Volume, name: string): Grid {
  const [x, y, step, origin] = [0, 1, 2, 3].map((axis) => {
    const [a, b, c] = affineColumn(affine, axis);
    return [-a, -b, c] as Triple;
  }) as [Triple, Triple, Triple, Triple];
  const [columnSpacing, rowSpacing] = [Math.hypot(...x), Math.hypot(...y)];
  const along = x.map((value) => value / columnSpacing) as Triple;
  const down = y.map((value) => value / rowSpacing) as Triple;
  const cosine = along[0] * down[0] + along[1] * down[1] + along[2] * down[2];
  if (Math.abs(cosine) > RIGHT_ANGLE) {
    throw new CrlnError(
      'invalid-data',
      `${name}: its first two axes are not at right angles (cosine ${cosine.toPrecision(3)}), which DICOM slices must be; resample the volume first`,
      { name, cosine },
    );
  }
  const normal = normalOf([along, down]);
  const thickness = Math.abs(step[0] * normal[0] + step[1] * normal[1] + step[2] * normal[2]);
  return { along, down, step, origin, pixelSpacing: [rowSpacing, columnSpacing], thickness };
}

/** The elements of one slice but its pixels, in ascending order, as (PS3.3) CT or MR images need them; the patient has no name. */
function headOf(
  volume: Volume,
  grid: Grid,
  storage: Storage,
  content: Uint32Array,
  options: Required<WriteDicomOptions>,
  k: number,
): Uint8Array {
  const { modality, description } = options;
  const ct = modality === 'CT';
  const decimals = (values: readonly number[]): string => values.map(decimalString).join('\\');
  const instance = uidOf(content, `image ${k}`);
  const elements = (list: readonly (readonly [number, string, ElementValue])[]): Uint8Array =>
    joinBytes(list.map(([tag, vr, value]) => encodeElement(tag, vr, value)));
  const meta = elements([
    [0x00020001, 'OB', Uint8Array.of(0, 1)],
    [0x00020002, 'UI', SOP_CLASS[modality]],
    [0x00020003, 'UI', instance],
    [0x00020010, 'UI', EXPLICIT_LITTLE_ENDIAN],
    [0x00020012, 'UI', IMPLEMENTATION],
    [0x00020013, 'SH', 'CRLN'],
  ]);
  const preamble = new Uint8Array(132);
  preamble.set([68, 73, 67, 77], 128);
  return joinBytes([
    preamble,
    encodeElement(0x00020000, 'UL', [meta.length % 65536, Math.floor(meta.length / 65536)]),
    meta,
    elements([
      [0x00080008, 'CS', ct ? 'DERIVED\\SECONDARY\\AXIAL' : 'DERIVED\\SECONDARY\\OTHER'],
      [0x00080016, 'UI', SOP_CLASS[modality]],
      [0x00080018, 'UI', instance],
      [0x00080020, 'DA', ''],
      [0x00080030, 'TM', ''],
      [0x00080050, 'SH', ''],
      [0x00080060, 'CS', modality],
      [0x00080070, 'LO', ''],
      [0x00080090, 'PN', ''],
      [0x0008103e, 'LO', description],
      [0x00100010, 'PN', ''],
      [0x00100020, 'LO', ''],
      [0x00100030, 'DA', ''],
      [0x00100040, 'CS', ''],
      ...(ct
        ? ([
            [0x00180050, 'DS', decimalString(grid.thickness)],
            [0x00180060, 'DS', ''],
          ] as const)
        : ([
            [0x00180020, 'CS', 'RM'],
            [0x00180021, 'CS', 'NONE'],
            [0x00180022, 'CS', ''],
            [0x00180023, 'CS', '3D'],
            [0x00180050, 'DS', decimalString(grid.thickness)],
            [0x00180081, 'DS', ''],
            [0x00180091, 'IS', ''],
          ] as const)),
      [0x00185100, 'CS', ''],
      [0x0020000d, 'UI', uidOf(content, 'study')],
      [0x0020000e, 'UI', uidOf(content, 'series')],
      [0x00200010, 'SH', ''],
      [0x00200011, 'IS', '1'],
      [0x00200012, 'IS', ''],
      [0x00200013, 'IS', String(k + 1)],
      [0x00200032, 'DS', decimals(grid.origin.map((value, axis) => value + k * grid.step[axis]!))],
      [0x00200037, 'DS', decimals([...grid.along, ...grid.down])],
      [0x00200052, 'UI', uidOf(content, 'frame of reference')],
      [0x00201040, 'LO', ''],
      [0x00280002, 'US', [1]],
      [0x00280004, 'CS', 'MONOCHROME2'],
      [0x00280010, 'US', [volume.shape[1]]],
      [0x00280011, 'US', [volume.shape[0]]],
      [0x00280030, 'DS', decimals(grid.pixelSpacing)],
      [0x00280100, 'US', [16]],
      [0x00280101, 'US', [storage.bits]],
      [0x00280102, 'US', [storage.bits - 1]],
      [0x00280103, 'US', [storage.signed ? 1 : 0]],
      [0x00281052, 'DS', decimalString(storage.intercept)],
      [0x00281053, 'DS', '1'],
      [0x00281054, 'LO', 'US'],
    ]),
  ]);
}

function* filesOf(volume: Volume, grid: Grid, storage: Storage, options: Required<WriteDicomOptions>) {
  const { data, shape, affine } = volume;
  const content = digest(
    new TextEncoder().encode(JSON.stringify([shape, affine, volume.dtype, options])),
    digest(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  );
  const array = storage.signed ? Int16Array : Uint16Array;
  for (let k0 = 0; k0 < shape[2]; k0 += SLAB) {
    const slab = Array.from({ length: Math.min(SLAB, shape[2] - k0) }, () => new array(shape[0] * shape[1]));
    volumeToSlices(data, slab, shape, k0, storage.intercept);
    for (const [n, pixels] of slab.entries()) {
      const k = k0 + n;
      const head = headOf(volume, grid, storage, content, options, k);
      const bytes = joinBytes([head, encodeElement(0x7fe00010, 'OW', new Uint8Array(pixels.buffer))]);
      yield { name: `${String(k + 1).padStart(6, '0')}.dcm`, bytes };
    }
  }
}

/**
 * A volume as a DICOM series: a file a slice of its third axis, in Explicit VR Little Endian, as CT or MR images of 16 bits. 8- and 16-bit
 * volumes come back with type and values bit for bit, the position to the 16 characters of DICOM's numbers. Other volumes are written
 * where they hold whole numbers within a range of 65535; anything else is refused rather than rounded. Identifiers are a digest of the
 * content: the same volume gives the same files. There is no patient, date or device in them.
 *
 * Readers order slices along row × column direction: a left-handed grid comes back with its third axis turned round, each voxel in its
 * place.
 *
 * @returns names (`000001.dcm`, …) and bytes, made one after the other
 * @throws `CrlnError` `invalid-data` for values that 16-bit whole numbers do not hold, several channels, or axes of a slice not at right
 * angles; `invalid-shape` for more than 65535 rows or columns; `invalid-option`
 */
export function writeDicomSeries(
  volume: Volume,
  options: WriteDicomOptions = {},
): Iterable<{ name: string; bytes: Uint8Array }> {
  const name = volume.source ?? 'volume';
  assertVolume(volume, name);
  const { modality = 'CT', description = '' } = options;
  if (!(modality in SOP_CLASS)) {
    throw new CrlnError('invalid-option', `modality: expected 'CT' or 'MR', got '${modality}'`, { modality });
  }
  if (!/^[ -[\]-~]{0,64}$/.test(description)) {
    throw new CrlnError(
      'invalid-option',
      `description: expected up to 64 characters of ASCII without a backslash, got '${description}'`,
      { description },
    );
  }
  if (volume.channels !== 1) {
    throw new CrlnError(
      'invalid-data',
      `${name}: it has ${volume.channels} channels; a DICOM series has one: write one series a channel`,
      {
        name,
        channels: volume.channels,
      },
    );
  }
  if (volume.shape[0] > 65535 || volume.shape[1] > 65535) {
    throw new CrlnError(
      'invalid-shape',
      `${name}: its shape is [${volume.shape}]; a DICOM slice has at most 65535 rows and columns`,
      {
        name,
        shape: volume.shape,
      },
    );
  }
  const grid = gridOf(volume, name);
  const storage = storageOf(volume, name);
  return filesOf(volume, grid, storage, { modality, description });
}
