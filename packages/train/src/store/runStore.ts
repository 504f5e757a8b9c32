import { CrlnError } from '@crln/core';

/**
 * Where a run keeps its files: a folder (`folderStore` of `@crln/train/node`), memory ({@link memoryStore}), or whatever a
 * page can offer. Paths are relative and use `/`: `checkpoints/1200/state.json`.
 *
 * Whoever implements it promises: `write` and `rename` are atomic (after a crash the old or the new file is there, whole), and
 * what an earlier call finished is still there after a later call fails.
 */
export interface RunStore {
  /** How messages call this store: the folder's path, or `memory`. */
  readonly location: string;
  /** The bytes of a file. @throws CrlnError `file-not-found` */
  read(path: string): Promise<Uint8Array>;
  /** Puts a whole file in place, atomically; text as UTF-8. Folders on the way are made. */
  write(path: string, content: Uint8Array | string): Promise<void>;
  /** Adds one line (without its line feed) at the end of a file, which is made where it is missing. A crash may leave a torn last line. */
  append(path: string, line: string): Promise<void>;
  /** Names of the files and folders directly within a folder, sorted; none where the folder is missing. */
  list(folder: string): Promise<string[]>;
  /** Moves a file or folder to a new, free place. @throws CrlnError `file-not-found`, or `invalid-argument` where `to` is taken */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all in it. Nothing there is not an error. */
  remove(path: string): Promise<void>;
  exists(path: string): Promise<boolean>;
}

/** The path, if it is relative, uses `/` and stays within the store. @throws CrlnError `invalid-argument` */
export function storePath(path: string): string {
  const parts = path.split('/');
  if (
    path.includes('\\') ||
    path.includes('\0') ||
    parts.some((part) => part === '' || part === '.' || part === '..')
  ) {
    throw new CrlnError(
      'invalid-argument',
      `run store: expected a relative path such as checkpoints/1200, got '${path}'`,
      {
        path,
      },
    );
  }
  return path;
}

/** The text of a file of the store. @throws CrlnError `file-not-found` */
export async function readText(store: RunStore, path: string): Promise<string> {
  return new TextDecoder().decode(await store.read(path));
}

/** A JSON file of the store. @throws CrlnError `file-not-found`, `invalid-run` where it is no JSON */
export async function readJson(store: RunStore, path: string): Promise<unknown> {
  const text = await readText(store, path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CrlnError(
      'invalid-run',
      `${path} in ${store.location} is not JSON: ${(cause as Error).message}`,
      { path, location: store.location },
      { cause },
    );
  }
}
