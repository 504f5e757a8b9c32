import { isCrlnError } from '@crln/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NamedTensors } from '../src/checkpoint/types.js';
import { decodeSafetensors, encodeSafetensors } from '../src/safetensors.js';

const sample: NamedTensors = {
  'encoder1/conv1/kernel': { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-40, 3e38) },
  μ: { shape: [], data: Float32Array.of(0.25) },
  none: { shape: [0, 4], data: new Float32Array() },
};

/** A file with this header text and this many bytes behind it. */
function file(header: string, rest = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + rest);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

describe('safetensors', () => {
  it('brings names, shapes, bits, order and metadata back', () => {
    const bytes = encodeSafetensors(sample, { made: 'here' });
    const { tensors, metadata } = decodeSafetensors(bytes);
    expect(tensors).toEqual(sample);
    expect(Object.keys(tensors)).toEqual(Object.keys(sample));
    expect(metadata).toEqual({ made: 'here' });
    expect(encodeSafetensors(tensors, metadata)).toEqual(bytes);
  });

  it('keeps NaN and infinities, and reads from the middle of a buffer', () => {
    const data = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, -0);
    const bytes = encodeSafetensors({ x: { shape: [3], data: new Float32Array([9, ...data]).subarray(1) } });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeSafetensors(shifted.subarray(3)).tensors.x?.data).toEqual(data);
  });

  it('starts the values at a multiple of 8, as the format asks', () => {
    const bytes = encodeSafetensors(sample);
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
    expect(bytes[8]).toBe('{'.charCodeAt(0));
  });

  it('refuses to write a shape that does not fit its values', () => {
    expect(() => encodeSafetensors({ x: { shape: [2], data: new Float32Array(3) } })).toThrow(
      /'x' has shape \[2\] and 3/,
    );
  });

  it.each([
    ['empty', new Uint8Array()],
    ['a header longer than the file', file('{}').subarray(0, 9)],
    ['no JSON', file('{"x":')],
    ['no object', file('[]')],
    ['no entry', file('{"x":3}')],
    ['metadata that is no text', file('{"__metadata__":{"a":1}}')],
    ['another dtype', file('{"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}', 2)],
    ['a negative size', file('{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', 4)],
    ['a size beyond reason', file('{"x":{"dtype":"F32","shape":[1e300],"data_offsets":[0,4]}}', 4)],
    ['offsets that disagree with the shape', file('{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4)],
    ['offsets beyond the end', file('{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 4)],
    ['a gap', file('{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', 8)],
    [
      'an overlap',
      file(
        '{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        8,
      ),
    ],
    ['bytes left over', file('{}', 4)],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeSafetensors(bytes, 'student.safetensors')).toThrow(/student\.safetensors/);
  });

  it('ends in a CrlnError or in tensors, whatever byte is changed or wherever it is cut', () => {
    const bytes = encodeSafetensors(sample, { a: 'b' });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(bytes.length),
        (changes, length) => {
          const broken = bytes.slice(0, length === 0 ? bytes.length : length);
          for (const [at, value] of changes) if (at < broken.length) broken[at] = value;
          try {
            return Object.values(decodeSafetensors(broken).tensors).every(
              ({ shape, data }) => data.length === shape.reduce((a, b) => a * b, 1),
            );
          } catch (error) {
            return isCrlnError(error, 'file-format');
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
