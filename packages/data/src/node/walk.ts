import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from './file-error.js';

export interface WalkOptions {
  /** Also the folders in it. Default true. */
  nested?: boolean;
  /** Also where links to folders lead, each place once. Default false. */
  folderLinks?: boolean;
}

/** Hidden files are the file system's own (a Mac's ._000001.dcm looks like a series), and so is what it packs beside them. */
const isOwn = (name: string): boolean => name.startsWith('.') || name === '__MACOSX';

/**
 * Paths of the regular files in a folder, also of such as are links, by name.
 *
 * @throws `CrlnError` `file-not-found`, `file-access` naming the folder that cannot be read
 */
export async function* walk(folder: string, options: WalkOptions = {}): AsyncGenerator<string, void> {
  yield* walkFrom(folder, options, new Set([await realpath(folder).catch(() => folder)]));
}

async function* walkFrom(folder: string, options: WalkOptions, seen: Set<string>): AsyncGenerator<string, void> {
  const { nested = true, folderLinks = false } = options;
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw fileError(error, folder, 'read');
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (isOwn(entry.name)) continue;
    const path = join(folder, entry.name);
    if (!entry.isSymbolicLink()) {
      if (entry.isFile()) yield path;
      else if (entry.isDirectory() && nested) yield* walkFrom(path, options, seen);
      continue;
    }
    const target = await stat(path).catch(() => undefined);
    if (target?.isFile()) yield path;
    else if (target?.isDirectory() && nested && folderLinks) {
      const place = await realpath(path);
      if (seen.has(place)) continue;
      seen.add(place);
      yield* walkFrom(path, options, seen);
    }
  }
}
