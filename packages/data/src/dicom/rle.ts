import { refuse } from '../refuse.js';

/** The number of segments, and where each begins. */
const HEADER_BYTES = 64;
/** A run of 128 equal bytes takes two. */
const LARGEST_RATIO = 64;

/**
 * One frame of RLE-compressed pixels (PS3.5 annex G): a segment a byte of the pixel, the most significant first, each packed by PackBits.
 *
 * @returns little-endian pixels
 * @throws `CrlnError` `file-format` where the segments do not make exactly these pixels
 */
export function unpackRle(packed: Uint8Array, pixels: number, bytesPerPixel: number, name: string): Uint8Array {
  if (packed.length < HEADER_BYTES) {
    throw refuse(
      name,
      `an RLE frame of ${packed.length} bytes has no whole header of ${HEADER_BYTES}; the file is damaged`,
    );
  }
  if (pixels * bytesPerPixel > LARGEST_RATIO * packed.length) {
    throw refuse(
      name,
      `its header promises ${pixels * bytesPerPixel} bytes of pixels, more than ${packed.length} bytes of RLE data can hold`,
      {
        promised: pixels * bytesPerPixel,
        compressed: packed.length,
      },
    );
  }
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const segments = view.getUint32(0, true);
  if (segments !== bytesPerPixel) {
    throw refuse(name, `an RLE frame has ${segments} segments; ${bytesPerPixel} bytes a pixel need as many`, {
      segments,
    });
  }
  const out = new Uint8Array(pixels * bytesPerPixel);
  for (let segment = 0; segment < segments; segment++) {
    const begin = view.getUint32(4 + 4 * segment, true);
    const end = segment + 1 < segments ? view.getUint32(8 + 4 * segment, true) : packed.length;
    if (begin < HEADER_BYTES || end > packed.length || begin > end) {
      throw refuse(
        name,
        `RLE segment ${segment} lies from byte ${begin} to ${end} of ${packed.length}; the file is damaged`,
      );
    }
    // Byte planes come most significant first.
    let to = bytesPerPixel - 1 - segment;
    let left = pixels;
    let at = begin;
    while (left > 0 && at < end) {
      const control = packed[at++]!;
      if (control === 128) continue;
      const literal = control < 128;
      const count = literal ? control + 1 : 257 - control;
      const given = literal ? end - at : Math.min(1, end - at) * count;
      if (count > left || given < count) {
        throw refuse(
          name,
          `RLE segment ${segment} holds ${count > left ? 'more' : 'fewer'} than ${pixels} bytes; the file is damaged`,
        );
      }
      for (let n = 0; n < count; n++, to += bytesPerPixel) out[to] = packed[literal ? at + n : at]!;
      at += literal ? count : 1;
      left -= count;
    }
    if (left > 0) throw refuse(name, `RLE segment ${segment} ends ${left} bytes early; the file is damaged`);
  }
  return out;
}
