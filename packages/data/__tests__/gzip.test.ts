import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { assertHolds, type ByteStream, byteStream, joined, streamOf } from '../src/bytes.js';
import { gunzipped, gzipped, unpacked } from '../src/gzip.js';

const data = Uint8Array.from({ length: 20_000 }, (_, at) => (at * at) >> 5);
const chunks = function* (bytes: Uint8Array, length: number): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length);
};
const isData = (bytes: Uint8Array): boolean => Buffer.compare(bytes, data) === 0;
const streamed = (bytes: Uint8Array, length: number): ByteStream =>
  byteStream('a.gz', chunks(bytes, length), { length: bytes.length });

describe('gunzipped', () => {
  it('reads what gzipped writes, and what zlib writes', async () => {
    const packed = await joined(gzipped(chunks(data, 999)));
    expect(packed.length).toBeLessThan(data.length);
    for (const bytes of [packed, gzipSync(data)])
      for (const length of [1_000, 1_000_000])
        expect(await gunzipped(streamed(bytes, length)).take(2 ** 30)).toSatisfy(isData);
  });

  it('reads data of several members, wherever the chunks are cut', async () => {
    const members = [data.subarray(0, 10), data.subarray(10, 10), data.subarray(10, 7_000), data.subarray(7_000)];
    const packed = Buffer.concat(members.map((part) => gzipSync(part)));
    for (const length of [1, 1000, packed.length])
      expect(await gunzipped(streamed(packed, length)).take(2 ** 30)).toSatisfy(isData);
  });

  it('holds a few chunks at a time, not the file', async () => {
    const noise = new Uint8Array(4_000_000);
    for (let n = 0, state = 1; n < noise.length; n++) {
      state = (state * 48271) % 2147483647;
      noise[n] = state >> 8;
    }
    const source = streamed(gzipSync(noise), 10_000);
    const stream = gunzipped(source);
    await stream.take(1000);
    expect(source.position).toBeLessThan(500_000);
    await stream.close();
  });

  it('says where data is damaged or cut short', async () => {
    const packed = gzipSync(data);
    const broken = packed.slice();
    broken[broken.length - 6]! ^= 1;
    await expect(gunzipped(streamed(broken, 999)).take(2 ** 30)).rejects.toMatchObject({
      code: 'file-format',
      message: expect.stringMatching(/^a\.gz: the gzip data is damaged or cut short \(.* after \d+ bytes\)$/),
    });
    for (const cut of [3, 30, packed.length - 1])
      await expect(gunzipped(streamed(packed.subarray(0, cut), 999)).take(2 ** 30)).rejects.toThrow(/cut short/);
  });

  it('refuses a claim that deflate cannot hold', () => {
    const stream = gunzipped(streamOf(new Uint8Array(100), 'a.gz'));
    expect(() => assertHolds(stream, 103_200, 'x')).not.toThrow();
    expect(() => assertHolds(stream, 103_201, 'x')).toThrow(/a\.gz: its header promises 103201 bytes, more than 100 /);
  });
});

describe('unpacked', () => {
  it('goes by the first two bytes', async () => {
    expect((await unpacked(streamed(gzipSync(data), 999))).packed).toBeGreaterThan(0);
    const plain = streamed(data, 999);
    expect(await unpacked(plain)).toBe(plain);
  });
});
