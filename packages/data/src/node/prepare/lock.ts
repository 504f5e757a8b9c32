import { open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CrlnError } from '@crln/core';
import { fileError } from '../files.js';

const NAME = '.preparing';

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/**
 * Takes a folder for this process alone. What a process that is gone has left is taken over; on another machine that cannot be known.
 *
 * @returns what gives the folder back
 * @throws `CrlnError` `file-access` where somebody else has it
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const path = join(dir, NAME);
  const own = JSON.stringify({ pid: process.pid, host: hostname() });
  for (let tries = 0; ; tries++) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(own);
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(error, path, 'write');
    }
    const { pid, host } = await ownerOf(path);
    if (tries > 0 || host !== hostname() || (pid !== undefined && alive(pid))) {
      throw new CrlnError(
        'file-access',
        `${dir}: it is being prepared by ${pid === undefined ? 'another process' : `process ${pid}`} on ${host ?? 'an unknown machine'}; wait for it, or choose another folder. If that process is gone, remove ${path}`,
        { path: dir, pid, host },
      );
    }
    await rm(path, { force: true });
  }
}

async function ownerOf(path: string): Promise<{ pid?: number; host?: string }> {
  try {
    const { pid, host } = JSON.parse(await readFile(path, 'utf8'));
    return { pid, host };
  } catch {
    // Just being written, or just gone.
    return {};
  }
}
