import { CrlnError } from '@crln/core';

/** Deflate cannot shrink by more: a file that promises more voxels than this is refused before memory is asked for. */
const LARGEST_RATIO = 1032;

const streamOf = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();

/** gzip with the platform's own compressor (Node and browsers); the same bytes for the same input. */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = streamOf(bytes).pipeThrough(new CompressionStream('gzip') as TransformStream<Uint8Array, Uint8Array>);
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/**
 * Unpacks gzip data whose first bytes say how long the rest is, to exactly that length; what follows is checked and dropped.
 *
 * @param name - the file, for messages
 * @param headBytes - how many bytes `lengthOf` wants (fewer where the data ends before)
 * @param lengthOf - the whole length by the head; may throw
 * @returns as many bytes as there were, at most that length
 * @throws `CrlnError` `file-format` where the data is damaged, cut short, or too small to hold that length
 */
export async function gunzip(
  bytes: Uint8Array,
  name: string,
  headBytes: number,
  lengthOf: (head: Uint8Array) => number,
): Promise<Uint8Array> {
  const reader = streamOf(bytes)
    .pipeThrough(new DecompressionStream('gzip') as TransformStream<Uint8Array, Uint8Array>)
    .getReader();
  let head = new Uint8Array(0);
  let out: Uint8Array | undefined;
  let filled = 0;
  const begin = (): Uint8Array => {
    const length = lengthOf(head);
    if (length > LARGEST_RATIO * bytes.length + headBytes) {
      throw new CrlnError(
        'file-format',
        `${name}: its header promises ${length} bytes, more than ${bytes.length} bytes of gzip data can hold; the file is cut short or its header is damaged`,
        { name, promised: length, compressed: bytes.length },
      );
    }
    const whole = new Uint8Array(length);
    whole.set(head.subarray(0, length));
    filled = Math.min(head.length, length);
    return whole;
  };
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new CrlnError(
          'file-format',
          `${name}: the gzip data is damaged or cut short (${reason} after ${Math.max(filled, head.length)} bytes)`,
          { name },
          { cause },
        );
      });
      if (done) break;
      if (out) {
        const wanted = value.subarray(0, out.length - filled);
        out.set(wanted, filled);
        filled += wanted.length;
        continue;
      }
      const longer = new Uint8Array(head.length + value.length);
      longer.set(head);
      longer.set(value, head.length);
      head = longer;
      if (head.length >= headBytes) out = begin();
    }
    return (out ?? begin()).subarray(0, filled);
  } finally {
    // Without effect where the data was read to its end.
    await reader.cancel().catch(() => undefined);
  }
}
