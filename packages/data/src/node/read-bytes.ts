import { readFile } from 'node:fs/promises';
import { fileError } from './file-error.js';

/** A whole file. @throws `CrlnError` `file-not-found`, `file-access` */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fileError(error, path, 'read');
  }
}
