import { mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { CrlnError } from '@crln/core';
import { type WriteDicomOptions, writeDicomSeries } from '../../dicom/write.js';
import type { Volume } from '../../volume.js';
import { fileError } from '../file-error.js';

/**
 * Writes a volume as a DICOM series into a new folder, all of it or nothing: into a temporary folder beside it, synced, then renamed.
 * See {@link writeDicomSeries}.
 *
 * @throws `CrlnError` `file-access`, also where there is something at `path` already; what {@link writeDicomSeries} throws
 */
export async function writeDicomFolder(path: string, volume: Volume, options: WriteDicomOptions = {}): Promise<void> {
  const files = writeDicomSeries(volume, options);
  const target = resolve(path);
  if (await stat(target).catch(() => undefined)) {
    throw new CrlnError('file-access', `${path}: there is something already; a series is written into a new folder`, {
      path,
    });
  }
  let temporary: string | undefined;
  try {
    await mkdir(dirname(target), { recursive: true });
    temporary = await mkdtemp(join(dirname(target), `.${basename(target)}.`));
    for (const { name, bytes } of files) {
      const file = await open(join(temporary, name), 'wx');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    await rename(temporary, target);
  } catch (error) {
    if (temporary) await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw fileError(error, path, 'write');
  }
}
