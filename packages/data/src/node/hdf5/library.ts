import { closeSync, openSync, readSync } from 'node:fs';
import { CrlnError, isCrlnError } from '@crln/core';
import { beat } from '../../heartbeat.js';
import { fileError } from '../file-error.js';
import { fileSize } from '../file-stream.js';

export type Hdf5 = typeof import('h5wasm');
export type Hdf5File = InstanceType<Hdf5['File']>;

/** The part of a file of Emscripten's file system in memory that is replaced here. */
interface MemoryFile {
  usedBytes: number;
  stream_ops: Record<string, unknown>;
}
interface FileSystem {
  createFile(folder: string, name: string, properties: object, readable: boolean, writable: boolean): MemoryFile;
  readFile(path: string): Uint8Array;
  unlink(path: string): void;
}

/** A file is read about once. One that leads its reader in circles would be read for ever. */
const MOST_READS = 16;
const SLACK = 2 ** 24;

/** Names of files in the library's memory: one each, so that two that are open do not meet. */
let opened = 0;

/** The library and its files. @throws CrlnError `missing-dependency` where h5wasm is not installed */
export async function loadHdf5(path: string): Promise<{ hdf5: Hdf5; system: FileSystem }> {
  let hdf5: Hdf5;
  try {
    // Its build for browsers: that one sees no file but those put into its memory, so that no link, external data set or virtual
    // data set in a file can lead out of it.
    hdf5 = await import('h5wasm');
  } catch (cause) {
    throw new CrlnError(
      'missing-dependency',
      `${path}: HDF5 files need the package h5wasm, which is not installed; run: npm install h5wasm`,
      { path, package: 'h5wasm' },
      { cause },
    );
  }
  await hdf5.ready;
  return { hdf5, system: hdf5.FS as unknown as FileSystem };
}

/** Runs `use` while the library throws what it has to say, instead of printing it and going on with an invalid handle. */
function speaking<T>({ Module }: Hdf5, use: () => T): T {
  Module.activate_throwing_error_handler();
  try {
    return use();
  } finally {
    Module.deactivate_throwing_error_handler();
  }
}

function closeQuietly(file: Hdf5File | undefined): void {
  try {
    file?.close();
  } catch {
    // A file that could not be opened cannot be closed.
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw fileError(error, path, 'read');
  }
}

/** HDF5 reports a stack of causes; the innermost line says what happened. */
const reasonOf = (cause: unknown): string | undefined =>
  String(cause instanceof Error ? cause.message : cause)
    .trim()
    .split('\n')
    .at(-1)
    ?.trim();

/**
 * Runs `use` on a file opened for reading, without copying it: the library asks for the bytes it wants. Whatever goes wrong inside
 * becomes one error that names the file.
 *
 * @throws CrlnError `file-format` with file and reason, `missing-dependency`, `file-not-found`, `file-access`
 */
export async function withHdf5<T>(path: string, use: (file: Hdf5File, hdf5: Hdf5, bytes: number) => T): Promise<T> {
  const { hdf5, system } = await loadHdf5(path);
  const name = `${opened++}.h5`;
  const size = await fileSize(path);
  const handle = openFile(path);
  let file: Hdf5File | undefined;
  try {
    const node = system.createFile('/', name, {}, true, false);
    node.usedBytes = size;
    let budget = MOST_READS * size + SLACK;
    node.stream_ops = {
      ...node.stream_ops,
      read(_: unknown, buffer: Uint8Array, offset: number, length: number, position: number): number {
        const read = readSync(handle, buffer, offset, Math.max(0, Math.min(length, size - position)), position);
        beat(read);
        budget -= read;
        if (budget < 0) throw new Error('it reads itself over and over');
        return read;
      },
    };
    return speaking(hdf5, () => {
      try {
        file = new hdf5.File(name, 'r');
        return use(file, hdf5, size);
      } catch (cause) {
        // A trap leaves the library in pieces: whoever runs this thread must end it.
        if (isCrlnError(cause) || cause instanceof WebAssembly.RuntimeError) throw cause;
        throw new CrlnError(
          'file-format',
          `${path}: the HDF5 file is damaged or cut short (${reasonOf(cause)})`,
          { path },
          { cause },
        );
      } finally {
        closeQuietly(file);
      }
    });
  } finally {
    closeSync(handle);
    system.unlink(name);
  }
}

/**
 * The bytes of a new file that `fill` fills.
 *
 * @param path - for messages
 * @throws CrlnError `missing-dependency`; `internal` where the library fails
 */
export async function hdf5Bytes(path: string, fill: (file: Hdf5File) => void): Promise<Uint8Array> {
  const { hdf5, system } = await loadHdf5(path);
  const name = `${opened++}.h5`;
  let file: Hdf5File | undefined;
  const { now } = Date;
  try {
    speaking(hdf5, () => {
      try {
        // The library notes when a dataset was made: the same volume must give the same bytes.
        Date.now = () => 0;
        file = new hdf5.File(name, 'w');
        fill(file);
      } finally {
        closeQuietly(file);
        Date.now = now;
      }
    });
    return system.readFile(name);
  } catch (cause) {
    if (isCrlnError(cause)) throw cause;
    throw new CrlnError(
      'internal',
      `${path}: the HDF5 library failed to write (${reasonOf(cause)})`,
      { path },
      { cause },
    );
  } finally {
    if (file) system.unlink(name);
  }
}
