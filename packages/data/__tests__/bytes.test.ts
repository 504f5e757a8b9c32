import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertHolds, byteStream, joined, streamOf } from '../src/bytes.js';

const counting = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, at) => at);

/** The bytes 0 … n − 1 in chunks of these lengths, one after the other. */
function* chunked(n: number, lengths: readonly number[]): Generator<Uint8Array, void> {
  const all = counting(n);
  for (let at = 0, c = 0; at < n; c++) {
    const length = lengths[c % lengths.length]!;
    yield all.subarray(at, at + length);
    at += length;
  }
}

describe('byteStream', () => {
  it('hands out the same bytes in the same order, however they come and are asked for', async () => {
    const act = fc.tuple(fc.constantFrom('take', 'next', 'skip', 'fill', 'peek'), fc.integer({ min: 0, max: 60 }));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 200 }),
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 4 }).filter((all) => all.some(Boolean)),
        fc.array(act, { maxLength: 20 }),
        async (n, lengths, acts) => {
          const stream = byteStream('x', chunked(n, lengths));
          let at = 0;
          for (const [what, count] of acts) {
            const there = [...counting(n).subarray(at, at + count)];
            if (what === 'peek') {
              expect([...(await stream.peek(count))]).toEqual(there);
              continue;
            }
            if (what === 'take') expect([...(await stream.take(count))]).toEqual(there);
            if (what === 'skip') expect(await stream.skip(count)).toBe(there.length);
            if (what === 'fill') {
              const target = new Uint8Array(count);
              expect(await stream.fill(target)).toBe(there.length);
              expect([...target.subarray(0, there.length)]).toEqual(there);
            }
            if (what === 'next') {
              const part = await stream.next(count);
              expect(part === undefined).toBe(at === n);
              expect([...(part ?? [])]).toEqual(there.slice(0, part?.length ?? 0));
              at += part?.length ?? 0;
            } else at += there.length;
            expect(stream.position).toBe(at);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('lets go of its source when closed, and then has no more bytes', async () => {
    let closed = 0;
    const source = {
      next: () => ({ done: false as const, value: counting(3) }),
      return: () => {
        closed++;
        return { done: true as const, value: undefined };
      },
    };
    const stream = byteStream('x', source);
    await stream.take(4);
    await stream.close();
    expect(closed).toBe(1);
    expect(await stream.next()).toBeUndefined();
  });

  it('takes no more memory than there are bytes, whatever is asked for', async () => {
    expect((await streamOf(counting(5), 'x').take(2 ** 52)).length).toBe(5);
  });

  it('refuses a claim that the bytes cannot hold', () => {
    const stream = streamOf(counting(5), 'a.raw');
    expect(() => assertHolds(stream, 6, 'the image')).toThrow(
      'a.raw: it is cut short: the image ends at byte 6, the file at 5',
    );
    expect(() => assertHolds(stream, 5, 'the image')).not.toThrow();
  });
});

describe('joined', () => {
  it('is the chunks as one array', async () => {
    expect(await joined(chunked(100, [7, 0, 13]))).toEqual(counting(100));
  });
});
