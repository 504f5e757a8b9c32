import { CrlnError, isCrlnError } from '@crln/core';
import { type ByteStream, byteStream } from './bytes.js';

/** Deflate cannot shrink by more: a file that promises more voxels than this is refused before memory is asked for. */
export const LARGEST_RATIO = 1032;

/** Given to a coder at a time: what comes out of it waits in memory, up to {@link LARGEST_RATIO} times as much. */
const PIECE = 2 ** 14;

type Chunks = AsyncIterator<Uint8Array, unknown> | Iterator<Uint8Array, unknown>;
type Coder = TransformStream<Uint8Array, Uint8Array>;

function* pieces(chunk: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < chunk.length; at += PIECE) yield chunk.subarray(at, at + PIECE);
}

/**
 * What a coder of the platform makes of chunks. It is fed only while somebody waits for what it has not got yet: left to pipe, Node's
 * coders take everything there is into memory.
 */
function through(chunks: Chunks, coder: Coder): AsyncIterableIterator<Uint8Array, undefined> {
  const writer = coder.writable.getWriter();
  const reader = coder.readable.getReader();
  let piece: Iterator<Uint8Array, void> = [].values();
  let fed: Promise<void> = Promise.resolve();
  /** No more is fed: all was, or the coder or the source failed. */
  let over = false;
  let failure: { error: unknown } | undefined;

  async function feed(): Promise<void> {
    let part = piece.next();
    while (part.done) {
      const { done, value } = await chunks.next();
      if (done) {
        over = true;
        await writer.close();
        return;
      }
      piece = pieces(value);
      part = piece.next();
    }
    // What the coder has against its input, reading says.
    await writer.write(part.value).catch(() => {
      over = true;
    });
  }

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const read = reader.read();
      read.catch(() => undefined);
      while (!over && !(await Promise.race([read, fed]))) {
        fed = feed().catch((error: unknown) => {
          if (!over) failure = { error };
          over = true;
        });
      }
      if (failure) throw failure.error;
      const { done, value } = await read;
      return done ? { done, value: undefined } : { done: false, value };
    },
    async return() {
      over = true;
      await reader.cancel().catch(() => undefined);
      await chunks.return?.();
      return { done: true, value: undefined };
    },
  };
}

/** gzip of chunks with the platform's own compressor (Node and browsers); the same bytes for the same input. */
export const gzipped = (chunks: Iterable<Uint8Array>): AsyncIterable<Uint8Array> =>
  through(chunks[Symbol.iterator](), new CompressionStream('gzip') as Coder);

/**
 * What gzip data unpacks to. Node also reads data of several members (as of bgzip) to its end; not every browser does.
 *
 * @throws from reading: `CrlnError` `file-format` where the data is damaged or cut short
 */
export function gunzipped(stream: ByteStream): ByteStream {
  const { name, length, most } = stream;
  const packed = (length ?? most) - stream.position;
  const packedChunks: Chunks = {
    async next() {
      const value = await stream.next();
      return value ? { done: false, value } : { done: true, value: undefined };
    },
    async return() {
      await stream.close();
      return { done: true, value: undefined };
    },
  };
  const inside = through(packedChunks, new DecompressionStream('gzip') as Coder);
  let filled = 0;
  const source = {
    ...inside,
    async next() {
      try {
        const result = await inside.next();
        if (!result.done) filled += result.value.length;
        return result;
      } catch (cause) {
        if (isCrlnError(cause)) throw cause;
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new CrlnError(
          'file-format',
          `${name}: the gzip data is damaged or cut short (${reason} after ${filled} bytes)`,
          { name },
          { cause },
        );
      }
    },
  };
  return byteStream(name, source, { packed, most: LARGEST_RATIO * packed });
}

/** A stream of what is inside: unpacked where its first bytes say gzip. Where they cannot be read, it is closed. */
export async function unpacked(stream: ByteStream): Promise<ByteStream> {
  try {
    const [a, b] = await stream.peek(2);
    return a === 0x1f && b === 0x8b ? gunzipped(stream) : stream;
  } catch (error) {
    await stream.close();
    throw error;
  }
}
