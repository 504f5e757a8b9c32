import { CrlnError, isCrlnError, type Triple } from '@crln/core';
import { type Volume, type VoxelArray, volume } from '../volume.js';

type Hdf5 = typeof import('h5wasm/node');

async function library(path: string): Promise<Hdf5> {
  let hdf5: Hdf5;
  try {
    hdf5 = await import('h5wasm/node');
  } catch (cause) {
    throw new CrlnError(
      'missing-dependency',
      `${path}: reading HDF5 needs the package h5wasm, which is not installed; run: npm install h5wasm`,
      { path, package: 'h5wasm' },
      { cause },
    );
  }
  await hdf5.ready;
  return hdf5;
}

/** Runs `use` on an open file; whatever goes wrong inside becomes one error that names the file. */
async function withFile<T>(path: string, use: (file: InstanceType<Hdf5['File']>, hdf5: Hdf5) => T): Promise<T> {
  const hdf5 = await library(path);
  const { Module } = hdf5;
  // Otherwise the library prints its stack to stderr and goes on with an invalid handle.
  Module.activate_throwing_error_handler();
  let file: InstanceType<Hdf5['File']> | undefined;
  try {
    file = new hdf5.File(path, 'r');
    return use(file, hdf5);
  } catch (cause) {
    if (isCrlnError(cause)) throw cause;
    // HDF5 reports a stack of causes; the innermost line says what happened.
    const reason = String(cause instanceof Error ? cause.message : cause)
      .trim()
      .split('\n')
      .at(-1)
      ?.trim();
    throw new CrlnError(
      'file-format',
      `${path}: the HDF5 file is damaged or cut short (${reason})`,
      { path },
      { cause },
    );
  } finally {
    try {
      file?.close();
    } catch {
      // A file that could not be opened cannot be closed.
    }
    Module.deactivate_throwing_error_handler();
  }
}

/** Names of what an HDF5 file has at its top. */
export const hdf5Keys = (path: string): Promise<string[]> => withFile(path, (file) => file.keys());

function voxels(value: unknown, path: string, name: string, dtype: unknown): VoxelArray {
  if (value instanceof BigInt64Array || value instanceof BigUint64Array)
    return Float64Array.from(value as Iterable<bigint>, Number);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return value as VoxelArray;
  throw new CrlnError(
    'file-format',
    `${path}: the dataset '${name}' has the type ${JSON.stringify(dtype)}; expected integers or floats of at most 64 bits`,
    { path, name },
  );
}

/**
 * Reads a 3-D dataset of an HDF5 file, as the field's benchmarks store their cases (`image`, `label`). Spacing comes from an attribute
 * `spacing` (mm) of the dataset or the file; without one it is 1 mm, and the header says so.
 *
 * @throws `CrlnError` `file-format` with file and reason; `missing-dependency` where h5wasm is not installed
 */
export function readHdf5(path: string, name = 'image'): Promise<Volume> {
  return withFile(path, (file, { Dataset }) => {
    const keys = file.keys();
    const item = keys.includes(name) ? file.get(name) : undefined;
    if (!(item instanceof Dataset)) {
      throw new CrlnError(
        'file-format',
        `${path}: it has no dataset '${name}'; it has ${keys.join(', ') || 'nothing'}`,
        { path, name, keys },
      );
    }
    const shape = item.shape ?? [];
    if (shape.length !== 3 || shape.some((size) => size < 1) || shape.reduce((a, b) => a * b, 1) >= 2 ** 31) {
      throw new CrlnError(
        'file-format',
        `${path}: the dataset '${name}' has the shape [${shape}]; a 3-D volume is needed`,
        { path, name, shape },
      );
    }
    const data = voxels(item.value, path, name, item.dtype);
    const stored = [...(((item.attrs.spacing ?? file.attrs.spacing)?.value as Iterable<number> | undefined) ?? [])];
    const spacingStored = stored.length === 3 && stored.every((mm) => mm > 0);
    const spacing = (spacingStored ? stored : [1, 1, 1]) as Triple;
    const made = volume(data, shape as Triple, { spacing, source: path });
    return { ...made, header: { format: 'hdf5', spacingStored } };
  });
}
