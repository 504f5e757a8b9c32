import { CrlnError } from '@crln/core';

/**
 * Bytes in their order, once from beginning to end: of memory, of a file, of what a file unpacks to. Only as many are held as its source
 * hands over at a time.
 */
export interface ByteStream {
  /** What it is the content of, for messages. */
  readonly name: string;
  /** How many bytes there are in all, where that is known before they are read. */
  readonly length?: number;
  /** Size of the packed data that it is unpacked from. */
  readonly packed?: number;
  /** There are no more bytes than that: what a header promises is held against it before memory is asked for. */
  readonly most: number;
  /** How many bytes were handed out. */
  readonly position: number;
  /** The next `count` bytes, fewer where the end comes first, without moving on. Good until the next call. */
  peek(count: number): Promise<Uint8Array>;
  /** The next `count` bytes, fewer where the end comes first: a copy. */
  take(count: number): Promise<Uint8Array>;
  /** Whatever comes next, uncopied, at most `count` bytes; undefined at the end. Good until the next call. */
  next(count?: number): Promise<Uint8Array | undefined>;
  /** Fills `target` with the next bytes, as far as there are any; how many there were. */
  fill(target: Uint8Array): Promise<number>;
  /** Leaves out the next bytes, as far as there are any; how many there were. */
  skip(count: number): Promise<number>;
  /** Lets go of the source; has to be called also after an error. */
  close(): Promise<void>;
}

type Source = AsyncIterator<Uint8Array, unknown> | Iterator<Uint8Array, unknown>;

const NONE: Uint8Array = new Uint8Array(0);

/** A stream of the chunks of `source`. @param sizes - what is known of its length; `most` is `length` where that is given */
export function byteStream(
  name: string,
  source: Source,
  sizes: { length?: number; packed?: number; most?: number } = {},
): ByteStream {
  const { length, packed, most = length ?? Number.POSITIVE_INFINITY } = sizes;
  /** What came and was not handed out yet. */
  let rest: Uint8Array = NONE;
  let position = 0;
  let ended = false;

  /** Brings the next chunk behind the rest; false at the end. */
  async function pull(): Promise<boolean> {
    while (!ended) {
      const { done, value } = await source.next();
      if (done) ended = true;
      else if (value.length > 0) {
        if (rest.length === 0) rest = value;
        else {
          const both = new Uint8Array(rest.length + value.length);
          both.set(rest);
          both.set(value, rest.length);
          rest = both;
        }
        return true;
      }
    }
    return false;
  }

  async function next(count = Number.POSITIVE_INFINITY): Promise<Uint8Array | undefined> {
    if (rest.length === 0 && !(await pull())) return undefined;
    const part = rest.subarray(0, count);
    rest = rest.subarray(part.length);
    position += part.length;
    return part;
  }

  async function fill(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      const part = await next(target.length - filled);
      if (!part) break;
      target.set(part, filled);
      filled += part.length;
    }
    return filled;
  }

  return {
    name,
    ...(length === undefined ? {} : { length }),
    ...(packed === undefined ? {} : { packed }),
    most,
    get position() {
      return position;
    },
    next,
    fill,
    async peek(count) {
      while (rest.length < count && (await pull()));
      return rest.subarray(0, count);
    },
    async take(count) {
      const target = new Uint8Array(Math.min(count, most - position));
      return target.subarray(0, await fill(target));
    },
    async skip(count) {
      let skipped = 0;
      while (skipped < count) {
        const part = await next(count - skipped);
        if (!part) break;
        skipped += part.length;
      }
      return skipped;
    },
    async close() {
      ended = true;
      rest = NONE;
      await source.return?.();
    },
  };
}

/** Bytes in memory as a stream; a stream as it is. */
export const streamOf = (content: Uint8Array | ByteStream, name: string): ByteStream =>
  content instanceof Uint8Array ? byteStream(name, [content].values(), { length: content.length }) : content;

/**
 * Holds a header's claim against what there can be, before memory is asked for.
 *
 * @param end - where, by the header, `what` ends
 * @throws `CrlnError` `file-format` where the bytes end before
 */
export function assertHolds(stream: ByteStream, end: number, what: string): void {
  const { name, most, length, packed } = stream;
  if (end <= most) return;
  if (packed === undefined) throw cutShort(name, what, end, length ?? most);
  throw new CrlnError(
    'file-format',
    `${name}: its header promises ${end} bytes, more than ${packed} bytes of gzip data can hold; the file is cut short or its header is damaged`,
    { name, promised: end, compressed: packed },
  );
}

/** Of packed data no more is unpacked before the voxels: extensions and foreign headers are smaller. */
const MOST_SKIPPED = 2 ** 26;

/**
 * Leaves out what lies before the voxels.
 *
 * @throws `CrlnError` `file-format` where that is packed and so much that unpacking it is all the file is for
 */
export async function skipTo(stream: ByteStream, count: number): Promise<void> {
  const { name, packed } = stream;
  if (packed !== undefined && count > MOST_SKIPPED) {
    throw new CrlnError(
      'file-format',
      `${name}: by its header the voxels begin behind ${count} bytes of packed data; expected at most ${MOST_SKIPPED}: the header is damaged, or the file is to be unpacked first`,
      { name, skipped: count },
    );
  }
  await stream.skip(count);
}

/** The error for bytes that end too early. */
export const cutShort = (name: string, what: string, end: number, found: number): CrlnError =>
  new CrlnError('file-format', `${name}: it is cut short: ${what} ends at byte ${end}, the file at ${found}`, {
    name,
    expected: end,
    found,
  });

/** Reads on, at most so far, for what comes to light at the end of packed data: its checksum. */
export async function readOn(stream: ByteStream, count: number): Promise<void> {
  if (stream.packed !== undefined) await stream.skip(count);
}

/** One run of chunks after the other. */
export function* concatenated(...runs: Iterable<Uint8Array>[]): Generator<Uint8Array, void> {
  for (const run of runs) yield* run;
}

/** Chunks as one array. */
export async function joined(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of chunks) {
    parts.push(part);
    length += part.length;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
