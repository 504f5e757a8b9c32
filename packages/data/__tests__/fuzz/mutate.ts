import type { RandomStream } from '@crln/core';

/** Numbers at which sizes, counts and offsets break. */
const EDGES = [0, 1, -1, 2, 7, 8, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const WIDE = [0n, 1n, -1n, 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 53n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n)];
const FLOATS = [0, -0, 1, -1, Number.NaN, Infinity, -Infinity, 1e-45, 1e38, -1e38, 2 ** 31, 0.1];

type Mutator = (bytes: Uint8Array<ArrayBuffer>, rng: RandomStream) => Uint8Array<ArrayBuffer>;

const anywhere = (bytes: Uint8Array, width: number, rng: RandomStream): number =>
  rng.integer(Math.max(1, bytes.length - width + 1));

/** Writes at a place that is a multiple of the width more often than not: that is where headers have their numbers. */
function place(bytes: Uint8Array, width: number, rng: RandomStream): number {
  const at = anywhere(bytes, width, rng);
  return rng.bernoulli(0.7) ? at - (at % width) : at;
}

const MUTATORS: readonly Mutator[] = [
  function flipBits(bytes, rng) {
    for (let n = 1 + rng.integer(4); n > 0; n--) bytes[anywhere(bytes, 1, rng)]! ^= 1 << rng.integer(8);
    return bytes;
  },
  function setByte(bytes, rng) {
    bytes[anywhere(bytes, 1, rng)] = [0, 1, 0x7f, 0x80, 0xff, rng.integer(256)][rng.integer(6)]!;
    return bytes;
  },
  function set16(bytes, rng) {
    if (bytes.length < 2) return bytes;
    new DataView(bytes.buffer).setInt16(place(bytes, 2, rng), EDGES[rng.integer(EDGES.length)]!, rng.bernoulli(0.5));
    return bytes;
  },
  function set32(bytes, rng) {
    if (bytes.length < 4) return bytes;
    new DataView(bytes.buffer).setInt32(place(bytes, 4, rng), EDGES[rng.integer(EDGES.length)]!, rng.bernoulli(0.7));
    return bytes;
  },
  function set64(bytes, rng) {
    if (bytes.length < 8) return bytes;
    new DataView(bytes.buffer).setBigInt64(place(bytes, 8, rng), WIDE[rng.integer(WIDE.length)]!, rng.bernoulli(0.7));
    return bytes;
  },
  function setFloat(bytes, rng) {
    if (bytes.length < 8) return bytes;
    const view = new DataView(bytes.buffer);
    const value = FLOATS[rng.integer(FLOATS.length)]!;
    if (rng.bernoulli(0.6)) view.setFloat32(place(bytes, 4, rng), value, rng.bernoulli(0.7));
    else view.setFloat64(place(bytes, 8, rng), value, rng.bernoulli(0.7));
    return bytes;
  },
  function truncate(bytes, rng) {
    if (bytes.length === 0) return bytes;
    return bytes.slice(0, rng.integer(bytes.length));
  },
  function extend(bytes, rng) {
    const out = new Uint8Array(bytes.length + 1 + rng.integer(64));
    out.set(bytes);
    return out;
  },
  function copyBlock(bytes, rng) {
    if (bytes.length === 0) return bytes;
    const length = 1 + rng.integer(Math.min(32, bytes.length));
    const from = anywhere(bytes, length, rng);
    bytes.copyWithin(anywhere(bytes, length, rng), from, from + length);
    return bytes;
  },
  function removeBlock(bytes, rng) {
    if (bytes.length === 0) return bytes;
    const length = rng.integer(Math.min(16, bytes.length));
    const at = anywhere(bytes, length, rng);
    const out = new Uint8Array(bytes.length - length);
    out.set(bytes.subarray(0, at));
    out.set(bytes.subarray(at + length), at);
    return out;
  },
  function digits(bytes, rng) {
    // Text headers: one run of digits becomes another number.
    const text = Buffer.from(bytes.buffer).toString('latin1');
    const runs = [...text.slice(0, 2000).matchAll(/-?\d+(\.\d+)?/g)];
    const run = runs[rng.integer(Math.max(runs.length, 1))];
    if (!run) return bytes;
    const numbers = [
      '0',
      '-1',
      '1e999',
      'nan',
      '99999999999999999999',
      '4294967296',
      '2',
      '',
      '1000000',
      '0x7f',
      '1.5',
    ];
    const changed =
      text.slice(0, run.index) + numbers[rng.integer(numbers.length)] + text.slice(run.index + run[0].length);
    return Uint8Array.from(Buffer.from(changed, 'latin1'));
  },
];

/** Some bytes changed in one to three ways; mostly within the first `header` bytes, where the claims are. */
export function mutate(seed: Uint8Array, header: number, rng: RandomStream): Uint8Array<ArrayBuffer> {
  let bytes = Uint8Array.from(seed);
  for (let n = rng.bernoulli(0.7) ? 1 : 2 + rng.integer(2); n > 0 && bytes.length > 0; n--) {
    const mutator = MUTATORS[rng.integer(MUTATORS.length)]!;
    if (rng.bernoulli(0.25) || bytes.length <= header) {
      bytes = mutator(bytes, rng);
      continue;
    }
    const head = mutator(bytes.slice(0, header), rng);
    const whole = new Uint8Array(head.length + bytes.length - header);
    whole.set(head);
    whole.set(bytes.subarray(header), head.length);
    bytes = whole;
  }
  return bytes;
}
