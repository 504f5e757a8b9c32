import { refuse } from '../refuse.js';
import type { DicomContent } from './file.js';
import type { PixelLayout } from './image.js';
import { unpackRle } from './rle.js';
import { TAG } from './tags.js';

export type StoredArray = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

const ARRAYS = {
  8: [Uint8Array, Int8Array],
  16: [Uint16Array, Int16Array],
  32: [Uint32Array, Int32Array],
} as const;

/** Little-endian bytes of a frame, in a buffer of their own. */
function frameBytes({ dataSet, rle }: DicomContent, layout: PixelLayout, frame: number): Uint8Array {
  const { name, bytes, littleEndian } = dataSet;
  const { rows, columns, frames, bitsAllocated } = layout;
  const element = dataSet.elements.get(TAG.PixelData)!;
  const size = bitsAllocated / 8;
  const length = rows * columns * size;
  if (rle) {
    const { fragments } = element;
    if (fragments?.length !== frames) {
      throw refuse(
        name,
        `it has ${frames} RLE frame${frames === 1 ? '' : 's'} but ${fragments?.length ?? 0} fragments of pixel data; each frame is one`,
      );
    }
    const [offset, packed] = fragments[frame]!;
    return unpackRle(bytes.subarray(offset, offset + packed), rows * columns, size, name);
  }
  if (element.fragments)
    throw refuse(name, 'its pixel data come in fragments although its transfer syntax is not compressed');
  if (length * frames > element.length) {
    throw refuse(
      name,
      `its pixel data are ${element.length} bytes, but ${frames > 1 ? `${frames} frames of ` : ''}${rows}×${columns} pixels of ${bitsAllocated} bits need ${length * frames}; the file is cut short or its header is damaged`,
      { bytes: element.length, needed: length * frames },
    );
  }
  const at = frame * length;
  // Big-endian words of 16 bits swap 8-bit pixels, too.
  const word = littleEndian ? 1 : size === 1 && element.vr === 'OW' ? 2 : size;
  const begin = at - (at % word);
  const end = element.offset + Math.ceil((at + length) / word) * word;
  // A copy: slice() of a Node Buffer would be a view, unaligned, and what is turned around there stays so.
  const own = Uint8Array.from(bytes.subarray(element.offset + begin, end));
  for (let n = 0; word > 1 && n + word <= own.length; n += word) {
    for (let low = n, high = n + word - 1; low < high; low++, high--) {
      const byte = own[low]!;
      own[low] = own[high]!;
      own[high] = byte;
    }
  }
  return own.subarray(at - begin);
}

/**
 * The stored numbers of a frame, row by row: bits outside of BitsStored are dropped, the sign is extended.
 *
 * @throws `CrlnError` `file-format` where the pixel data are not as long as the header says
 */
export function storedPixels(content: DicomContent, layout: PixelLayout, frame: number): StoredArray {
  const { rows, columns, bitsAllocated, bitsStored, highBit, signed } = layout;
  const own = frameBytes(content, layout, frame);
  const pixels = new ARRAYS[bitsAllocated][signed ? 1 : 0](own.buffer as ArrayBuffer, own.byteOffset, rows * columns);
  if (bitsStored < bitsAllocated) {
    const left = 31 - highBit;
    const right = 32 - bitsStored;
    if (signed) for (let n = 0; n < pixels.length; n++) pixels[n] = (pixels[n]! << left) >> right;
    else for (let n = 0; n < pixels.length; n++) pixels[n] = (pixels[n]! << left) >>> right;
  }
  return pixels;
}

/** How many bytes of pixel data are more than the header says: padding. */
export function excessBytes(
  { dataSet, rle }: DicomContent,
  { rows, columns, frames, bitsAllocated }: PixelLayout,
): number {
  const length = (rows * columns * frames * bitsAllocated) / 8;
  return rle ? 0 : dataSet.elements.get(TAG.PixelData)!.length - length - (length % 2);
}
