import { copyFile, link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from './file-error.js';

/** Bytes of a file: all of them, or parts that are made while it is written. */
export type Content = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

let written = 0;
const besides = (path: string, ending: string): string =>
  join(dirname(path), `.${basename(path)}.${process.pid}.${written++}.${ending}`);

/**
 * Writes a file so that it is either the old one or the whole new one at every moment: under a temporary name beside it, synced, then
 * renamed. Where `content` is made in parts, an error of making it leaves the old file, too.
 *
 * @throws `CrlnError` `file-access`; what making the content throws
 */
export const writeAtomic = (path: string, content: Content): Promise<void> => writeAtomicFiles([{ path, content }]);

/**
 * Writes files that need each other: all of them, or none, and then those that were there before are still there. Each is renamed into
 * place after all are on the disk; the last in the list last.
 *
 * @throws what {@link writeAtomic} throws
 */
export async function writeAtomicFiles(files: readonly { path: string; content: Content }[]): Promise<void> {
  const temporary: string[] = [];
  const undo: (() => Promise<void>)[] = [];
  const kept: string[] = [];
  let path = '';
  try {
    for (const { path: target, content } of files) {
      path = target;
      const name = besides(target, 'tmp');
      temporary.push(name);
      const file = await open(name, 'wx');
      try {
        for await (const part of content instanceof Uint8Array ? [content] : content) await file.writeFile(part);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    for (const [n, { path: target }] of files.entries()) {
      path = target;
      // What takes the place of an old file for good needs no way back.
      const old = n < files.length - 1 ? await keep(target) : undefined;
      if (old) kept.push(old);
      await rename(temporary[n]!, target);
      undo.push(() => (old ? rename(old, target) : rm(target)));
    }
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => undefined);
    throw fileError(error, path, 'write');
  } finally {
    for (const name of [...temporary, ...kept]) await rm(name, { force: true }).catch(() => undefined);
  }
}

/** Another name for the file that is there, where there is one. */
async function keep(path: string): Promise<string | undefined> {
  const name = besides(path, 'old');
  try {
    await link(path, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    // Some file systems have no links.
    await copyFile(path, name);
  }
  return name;
}
