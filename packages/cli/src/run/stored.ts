import { readdir } from 'node:fs/promises';
import { CrlnError } from '@crln/core';
import { type RunConfig, readRunConfig } from '@crln/train';
import { folderStore } from '@crln/train/node';

/**
 * The configuration of the run in a folder that is to go on; undefined where a new one starts.
 *
 * @throws CrlnError `run-exists` before any work is done, where the folder has a run and neither option is given, or where it holds
 * something that is no run
 */
export async function existingRun(
  folder: string,
  options: { resume: boolean; overwrite: boolean },
): Promise<RunConfig | undefined> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [] as string[];
    throw new CrlnError(
      'file-access',
      `${folder}: ${error.code === 'ENOTDIR' ? 'it is a file, not a folder' : error.message}`,
      { path: folder },
      { cause: error },
    );
  });
  if (names.includes('config.json')) {
    if (options.resume) return readRunConfig(await folderStore(folder, { readOnly: true }));
    if (options.overwrite) return undefined;
    throw new CrlnError(
      'run-exists',
      `${folder} holds a run already: use --resume to go on, --overwrite to replace it, or another --out`,
      { folder },
    );
  }
  return undefined;
}
