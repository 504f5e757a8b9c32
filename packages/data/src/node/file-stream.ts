import { open, stat } from 'node:fs/promises';
import { CrlnError } from '@crln/core';
import { type ByteStream, byteStream } from '../bytes.js';
import { fileError } from './file-error.js';

/** Read at a time. */
const CHUNK = 2 ** 18;

/**
 * How many bytes a file has. To be asked before it is opened: opening a pipe waits for somebody to write.
 *
 * @throws `CrlnError` `file-not-found`, `file-access`, also for what is no regular file
 */
export async function fileSize(path: string): Promise<number> {
  const found = await stat(path).catch((error: unknown) => {
    throw fileError(error, path, 'read');
  });
  if (found.isFile()) return found.size;
  const what = found.isDirectory() ? 'it is a folder' : 'it is no regular file';
  throw new CrlnError('file-access', `${path}: cannot be read (${what})`, { path });
}

/**
 * A file as a stream, to be closed by the reader.
 *
 * @throws `CrlnError` `file-not-found`, `file-access`, also from reading
 */
export async function fileStream(path: string): Promise<ByteStream> {
  const failed = (error: unknown): never => {
    throw fileError(error, path, 'read');
  };
  const size = await fileSize(path);
  const file = await open(path).catch(failed);
  // What is appended meanwhile is left out: a header's claims are held against this size.
  let left = size;
  const source = {
    async next() {
      const chunk = new Uint8Array(Math.min(CHUNK, left));
      const { bytesRead } = left > 0 ? await file.read(chunk).catch(failed) : { bytesRead: 0 };
      left -= bytesRead;
      return bytesRead > 0
        ? { done: false as const, value: chunk.subarray(0, bytesRead) }
        : { done: true as const, value: undefined };
    },
    async return() {
      await file.close();
      return { done: true as const, value: undefined };
    },
  };
  return byteStream(path, source, { length: size });
}
