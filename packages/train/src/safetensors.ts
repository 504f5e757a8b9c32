import { CrlnError } from '@crln/core';
import type { NamedTensors } from './checkpoint/types.js';

/** The public format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';

const elements = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Writes float32 tensors in the safetensors format: the header's length (uint64, little-endian), a JSON header padded with
 * spaces to a multiple of 8, then the values one after another, little-endian, in C order. The same tensors in the same order
 * give the same bytes.
 *
 * @param tensors name → shape and values, kept in this order
 * @param metadata strings for the header's `__metadata__`
 * @throws CrlnError `invalid-argument` where a shape and its number of values disagree
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensors(tensors: NamedTensors, metadata?: Record<string, string>): Uint8Array {
  const header: [string, unknown][] = metadata ? [[METADATA, metadata]] : [];
  let end = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (name === METADATA || !shape.every(isSize) || elements(shape) !== data.length) {
      throw new CrlnError(
        'invalid-argument',
        `safetensors: tensor '${name}' has shape [${shape}] and ${data.length} values; they must agree`,
        { tensor: name, shape, values: data.length },
      );
    }
    header.push([name, { dtype: 'F32', shape, data_offsets: [end, end + 4 * data.length] }]);
    end += 4 * data.length;
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + end);
  bytes.fill(0x20, 8, 8 + headerBytes);
  bytes.set(text, 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  let at = 8 + headerBytes;
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file of float32 tensors. Everything is checked before it is believed: lengths, the JSON, every entry's
 * dtype, shape and place, and that the tensors cover the file without gap or overlap.
 *
 * @param bytes the whole file
 * @param file how messages call it
 * @returns copies of the tensors, in the order of the file, and the header's metadata
 * @throws CrlnError `file-format` naming file and tensor
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  file = 'safetensors',
): { tensors: NamedTensors; metadata: Record<string, string> } {
  const refuse = (reason: string, tensor?: string, cause?: unknown): CrlnError =>
    new CrlnError(
      'file-format',
      `${file}: ${tensor === undefined ? '' : `tensor '${tensor}': `}${reason}`,
      { file, ...(tensor === undefined ? {} : { tensor }) },
      { cause },
    );
  if (bytes.length < 8) throw refuse(`${bytes.length} bytes are too few for a safetensors file; is it truncated?`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(Math.min(MAX_HEADER_BYTES, bytes.length - 8))) {
    throw refuse(`its header claims ${length} bytes, the file has ${bytes.length}; not safetensors, or truncated`);
  }
  const start = 8 + Number(length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (cause) {
    throw refuse(`its header is not JSON (${(cause as Error).message})`, undefined, cause);
  }
  if (!isRecord(header)) throw refuse('its header is not a JSON object');
  const metadata = Object.hasOwn(header, METADATA) ? header[METADATA] : {};
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw refuse('its __metadata__ must map strings to strings');
  }
  const places = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, entry]) => {
      if (!isRecord(entry)) throw refuse('its entry is not an object', name);
      const { dtype, shape, data_offsets: offsets } = entry;
      if (dtype !== 'F32') throw refuse(`dtype ${JSON.stringify(dtype)} cannot be read; only F32 can`, name);
      if (!Array.isArray(shape) || !shape.every(isSize))
        throw refuse(`shape ${JSON.stringify(shape)} is no shape`, name);
      if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
        throw refuse(`data_offsets ${JSON.stringify(offsets)} must be two whole numbers`, name);
      }
      const [begin, end] = offsets as [number, number];
      if (end - begin !== 4 * elements(shape)) {
        throw refuse(`shape [${shape}] needs ${4 * elements(shape)} bytes, data_offsets give ${end - begin}`, name);
      }
      return { name, shape: shape as number[], begin, end };
    });
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of places) {
    if (begin !== covered) throw refuse(`starts at byte ${begin}, expected ${covered}: a gap or an overlap`, name);
    covered = end;
  }
  if (start + covered !== bytes.length) {
    throw refuse(`its tensors end at byte ${start + covered}, the file at ${bytes.length}; truncated or too long`);
  }
  const tensors = Object.fromEntries(
    places.map(({ name, shape, begin, end }) => [
      name,
      { shape, data: new Float32Array(bytes.slice(start + begin, start + end).buffer) },
    ]),
  );
  return { tensors, metadata: metadata as Record<string, string> };
}
