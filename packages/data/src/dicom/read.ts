import { CrlnError, type Triple } from '@crln/core';
import { beat } from '../heartbeat.js';
import { refuse } from '../refuse.js';
import { assertVolume, VOXEL_ARRAYS, type Volume, type VoxelType } from '../volume.js';
import { MOST_VOXELS } from '../voxels.js';
import { type DicomContent, isDicom, readDicomFile } from './file.js';
import type { DicomHeader } from './header.js';
import { type DicomImage, imageOf, isOtherObject, type PixelLayout } from './image.js';
import { excessBytes, type StoredArray, storedPixels } from './pixels.js';
import { chooseSeries } from './series.js';
import { SLAB, slicesToVolume } from './slab.js';
import { type Slice, type Stack, stack } from './stack.js';

/** A file that may belong to a series. Bytes given as a function are asked for twice (headers, then voxels) and not kept between. */
export interface DicomFile {
  readonly name: string;
  readonly bytes: Uint8Array | (() => Uint8Array | Promise<Uint8Array>);
}

export interface ReadDicomOptions {
  /** Series Instance UID of the series to read; needed where there are several. */
  series?: string;
}

const bytesOf = async ({ bytes }: DicomFile): Promise<Uint8Array> => (typeof bytes === 'function' ? bytes() : bytes);

/** Names that promise DICOM: what is none under such a name is broken, not another kind of file. */
const DICOM_NAME = /\.(dcm|dicom|ima)$/i;

/** A file may hold a thousand frames. */
function framePixels(content: DicomContent, layout: PixelLayout, frame: number): StoredArray {
  beat();
  return storedPixels(content, layout, frame);
}

function rangeOf(pixels: StoredArray): [number, number] {
  let low = pixels[0]!;
  let high = low;
  for (let n = 1; n < pixels.length; n++) {
    const value = pixels[n]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** An image, which of the given files it is, and what the stored numbers of each frame range over. */
interface Found extends DicomImage {
  readonly file: number;
  readonly ranges: readonly (readonly [number, number])[];
}

interface Scan {
  readonly files: readonly DicomFile[];
  readonly images: readonly Found[];
  readonly notes: readonly string[];
}

/** Looks at every file once: what it is, where its slices lie, what their pixels range over. */
async function scan(given: Iterable<DicomFile> | AsyncIterable<DicomFile>, wanted: string | undefined): Promise<Scan> {
  const files: DicomFile[] = [];
  const images: Found[] = [];
  let strangers = 0;
  let objects = 0;
  let padded = 0;
  for await (const file of given) {
    const bytes = await bytesOf(file);
    if (!isDicom(bytes) && !DICOM_NAME.test(file.name)) {
      strangers++;
      continue;
    }
    const content = await readDicomFile(bytes, file.name);
    if (isOtherObject(content)) {
      objects++;
      continue;
    }
    const image = imageOf(content);
    const { layout } = image;
    const mine = layout && (wanted === undefined || wanted === image.seriesUid);
    const ranges = mine ? image.places.map((_, frame) => rangeOf(framePixels(content, layout, frame))) : [];
    if (mine && excessBytes(content, layout) > 0) padded++;
    images.push({ ...image, file: files.length, ranges });
    files.push(file);
  }
  const notes: string[] = [];
  const count = (n: number, what: string): void => {
    if (n > 0) notes.push(`${n} file${n === 1 ? '' : 's'} ${what}`);
  };
  count(strangers, 'passed over: no DICOM');
  count(objects, 'passed over: DICOM without an image (directory, report, plan …)');
  count(padded, 'with more pixel data than pixels; the rest is taken for padding');
  return { files, images, notes };
}

/** Opens one file at a time; the last one is kept, since a multi-frame file is asked for frame by frame. */
function opener(files: readonly DicomFile[]): (slice: Slice) => Promise<StoredArray> {
  let last: { file: number; content: DicomContent } | undefined;
  return async ({ file, frame, image: { name, layout } }) => {
    if (last?.file !== file) {
      last = { file, content: await readDicomFile(await bytesOf(files[file]!), name) };
      if (JSON.stringify(imageOf(last.content).layout) !== JSON.stringify(layout)) {
        throw refuse(name, 'the file was changed while it was read; read the series again');
      }
    }
    return framePixels(last.content, layout!, frame);
  };
}

const INTEGERS: readonly [VoxelType, number, number][] = [
  ['int16', -(2 ** 15), 2 ** 15 - 1],
  ['uint16', 0, 2 ** 16 - 1],
  ['int32', -(2 ** 31), 2 ** 31 - 1],
  ['uint32', 0, 2 ** 32 - 1],
  ['float64', -(2 ** 53), 2 ** 53],
];

/** The stored type where nothing is rescaled; else the first integer type that holds all values; else float32. */
function dtypeOf(slices: readonly Slice[]): VoxelType {
  const kind = ({ image: { layout } }: Slice): VoxelType => {
    const bits = layout!.bitsStored <= 8 ? 8 : layout!.bitsStored <= 16 ? 16 : 32;
    return `${layout!.signed ? '' : 'u'}int${bits}`;
  };
  const identity = slices.every(({ place }) => place.slope === 1 && place.intercept === 0);
  if (identity && slices.every((slice) => kind(slice) === kind(slices[0]!))) return kind(slices[0]!);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const slice of slices) {
    const { slope, intercept } = slice.place;
    for (const stored of slice.range) {
      const value = stored * slope + intercept;
      low = Math.min(low, value);
      high = Math.max(high, value);
      if (!Number.isFinite(Math.fround(value))) {
        throw refuse(
          slice.image.name,
          `its rescale slope ${slope} and intercept ${intercept} make ${value} of ${stored}; no image has such values`,
        );
      }
    }
  }
  const whole = slices.every(({ place }) => Number.isInteger(place.slope) && Number.isInteger(place.intercept));
  const type = whole ? INTEGERS.find(([, least, most]) => low >= least && high <= most) : undefined;
  return type?.[0] ?? 'float32';
}

/** Voxel (i, j, k) → RAS mm: columns, rows and slices in DICOM's patient coordinates, with x and y turned round. */
function affineOf({ slices, step }: Stack): number[] {
  const { position, orientation, pixelSpacing } = slices[0]!.place;
  // PixelSpacing is the distance of rows first; the row direction is that in which the column index grows.
  const columns: Triple[] = [
    orientation[0].map((value) => value * pixelSpacing[1]) as Triple,
    orientation[1].map((value) => value * pixelSpacing[0]) as Triple,
    step,
    position,
  ];
  const row = (axis: number): number[] => columns.map((column) => (axis < 2 ? 0 - column[axis]! : column[axis]!));
  return [...row(0), ...row(1), ...row(2), 0, 0, 0, 1];
}

/**
 * A DICOM series as a volume: CT, MR or any other grey images of 8, 16 or 32 bits, one file a slice or a multi-frame object (Enhanced CT
 * and MR), uncompressed, deflated or RLE. Files come in any order, with whatever names; what is no DICOM image is passed over and counted
 * in `header.notes`.
 *
 * Axes: i = column index, j = row index, k = slices by position along row × column direction; so a usual axial scan is 'LPS' (dcm2niix
 * would turn the rows round). Spacing is [between columns, between rows, between slices], that of slices from their positions. Values
 * are stored·slope + intercept, slice by slice; the type is that of the file where nothing is rescaled, else int16, uint16, int32, uint32
 * where it holds every value, else float32. Pixel padding is a value like any other.
 *
 * The voxels are placed slice by slice: with `bytes` as functions no more than the volume and 16 slices are in memory at once.
 *
 * @param name - of the whole, for messages: the folder
 * @throws `CrlnError` `file-format` with file and reason for a broken, compressed or colour image; `invalid-data` for several series,
 * slices of different grids, missing slices, uneven spacing, two different slices at one place, no image at all; `invalid-option` for
 * a series that is not there
 */
export async function readDicomSeries(
  files: Iterable<DicomFile> | AsyncIterable<DicomFile>,
  name: string,
  options: ReadDicomOptions = {},
): Promise<Volume> {
  const found = await scan(files, options.series);
  if (found.images.length === 0) {
    const why = found.notes.length > 0 ? ` (${found.notes.join('; ')})` : '';
    throw new CrlnError('invalid-data', `${name}: there is no DICOM image${why}`, { name });
  }
  const images = chooseSeries(found.images, name, options.series);
  const slices = images.flatMap((image) => {
    if (image.problem) throw image.problem;
    const { file, ranges, places } = image;
    return places.map((place, frame): Slice => ({ image, file, frame, place, range: ranges[frame]! }));
  });
  const pixelsOf = opener(found.files);
  const same = async (a: Slice, b: Slice): Promise<boolean> => {
    if (a.place.slope !== b.place.slope || a.place.intercept !== b.place.intercept) return false;
    const first = await pixelsOf(a);
    const second = await pixelsOf(b);
    return first.length === second.length && first.every((value, n) => value === second[n]);
  };
  const stacked = await stack(slices, name, same);
  const { layout, seriesUid, modality, sopClass, photometric } = images[0]!;
  const shape: Triple = [layout!.columns, layout!.rows, stacked.slices.length];
  const voxels = shape[0] * shape[1] * shape[2];
  if (voxels > MOST_VOXELS) {
    throw refuse(name, `its shape [${shape}] makes ${voxels} voxels; at most ${MOST_VOXELS} can be held`, { shape });
  }
  const dtype = dtypeOf(stacked.slices);
  const data = new VOXEL_ARRAYS[dtype](voxels);
  for (let k = 0; k < shape[2]; k += SLAB) {
    const slab = [];
    for (const slice of stacked.slices.slice(k, k + SLAB)) {
      const { slope, intercept } = slice.place;
      slab.push({ pixels: await pixelsOf(slice), slope, intercept });
    }
    slicesToVolume(slab, data, shape, k);
  }
  const notes = [...found.notes, ...stacked.notes];
  if (photometric === 'MONOCHROME1') notes.push('MONOCHROME1: large values are dark; they are as stored, not inverted');
  const header: DicomHeader = { format: 'dicom', seriesUid, modality, sopClassUid: sopClass, photometric, notes };
  const [rowSpacing, columnSpacing] = stacked.slices[0]!.place.pixelSpacing;
  const spacing: Triple = [columnSpacing, rowSpacing, Math.hypot(...stacked.step)];
  const affine = affineOf(stacked);
  const made: Volume = { data, shape, channels: 1, spacing, affine, dtype, header, source: name };
  assertVolume(made, name);
  return made;
}
