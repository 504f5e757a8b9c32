import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, sep } from 'node:path';
import { CrlnError } from '@crln/core';
import type { OpenDataFile } from '../nrrd/read.js';
import { fileError } from './file-error.js';
import { fileStream } from './file-stream.js';

/**
 * Opens the data files that a header names: those in its own folder or below it, and no others, so that a file from elsewhere cannot
 * have one read that is not its own.
 *
 * @throws from opening: `CrlnError` `file-format` for a name that leads out of the folder, also through a link, or to the header itself;
 * `file-not-found`, `file-access`
 */
export const dataFilesBeside =
  (header: string): OpenDataFile =>
  async (name) => {
    const refuse = (reason: string): CrlnError =>
      new CrlnError(
        'file-format',
        `${header}: its data file is '${name.slice(0, 200)}', ${reason}; expected a file in the header's folder`,
        { path: header, dataFile: name },
      );
    if (name.includes('\0')) throw refuse('which no file can be called');
    if (isAbsolute(name) || /^([a-z]:|[\\/])/i.test(name)) throw refuse('an absolute path');
    if (name.split(/[\\/]/).includes('..')) throw refuse('which leads out of its folder');
    const path = join(dirname(header), name);
    try {
      const [folder, target, own] = await Promise.all([dirname(header), path, header].map((each) => realpath(each)));
      if (!target!.startsWith(folder!.endsWith(sep) ? folder! : folder! + sep))
        throw refuse('a link that leads out of its folder');
      if (target === own) throw refuse('which is the header itself');
      return await fileStream(target!);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT')
        throw new CrlnError(
          'file-not-found',
          `${header}: its data file '${basename(name)}' is not there`,
          { path: header, dataFile: name },
          { cause: error },
        );
      throw fileError(error, path, 'read');
    }
  };
