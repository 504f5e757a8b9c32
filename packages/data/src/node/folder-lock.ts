import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { CrlnError } from '@crln/core';

/** The file that says who writes into a folder. */
const LOCK_FILE = '.lock';

interface Holder {
  pid: number;
  host: string;
  /** When the process started, in the kernel's ticks (Linux); tells a later process with the same id apart. */
  started: string | null;
  token: string;
}

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes a folder for this process: two must not write into one. The lock file comes into being whole (linked into place), names
 * process and machine, and counts as stale when that process is gone on this machine; a stale one is taken over. Locks of another
 * machine (a shared disk) are never stale: a person has to look.
 *
 * @throws CrlnError `file-access` naming the process that holds the folder
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, LOCK_FILE);
  const taken = await take(path).catch((cause: unknown) => {
    throw new CrlnError('file-access', `${folder} cannot be locked: ${(cause as Error).message}`, { path }, { cause });
  });
  if ('pid' in taken) throw inUse(folder, taken);
  return taken;
}

/** Makes the lock file, or tells whose it is: that of a living process, or of another machine. */
async function take(path: string): Promise<FolderLock | Holder> {
  const me: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid), token: randomUUID() };
  const own = `${path}.${me.token}`;
  await writeFile(own, JSON.stringify(me));
  try {
    for (;;) {
      try {
        await link(own, path);
        return { release: () => release(path, me.token) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = await readHolder(path);
      if (holder === undefined) continue;
      if (isAlive(holder)) return holder;
      await removeStale(path, holder);
    }
  } finally {
    await rm(own, { force: true });
  }
}

/**
 * Removes a stale lock, under a lock of its own for this one stale lock: several processes may have seen it, and one that comes late
 * must not remove the fresh lock of another that was quicker.
 */
async function removeStale(path: string, stale: Holder): Promise<void> {
  const claim = await take(`${path}.${digest(stale.token)}`);
  if ('pid' in claim) {
    // Somebody is about it.
    await setTimeout(5);
    return;
  }
  try {
    if ((await readHolder(path))?.token === stale.token) await rm(path, { force: true });
  } finally {
    await claim.release();
  }
}

/** A token as part of a file name: that of a damaged lock is its text. */
const digest = (token: string): string => createHash('sha256').update(String(token)).digest('hex').slice(0, 16);

async function release(path: string, token: string): Promise<void> {
  if ((await readHolder(path))?.token === token) await rm(path, { force: true });
}

/** Who holds the lock; a file that cannot be read as one counts as a process that is gone; undefined where there is no file. */
async function readHolder(path: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return { pid: 0, host: hostname(), started: null, token: text };
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  if (!Number.isInteger(holder.pid) || holder.pid <= 0) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = startOf(holder.pid);
  return started === null || holder.started === null || started === holder.started;
}

/** Field 22 of /proc/<pid>/stat; null elsewhere than on Linux. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function inUse(folder: string, holder: Holder): CrlnError {
  const other =
    holder.host === hostname() ? '' : ` on ${holder.host}; if it is gone, remove ${join(folder, LOCK_FILE)}`;
  return new CrlnError('file-access', `${folder} is in use by process ${holder.pid}${other}`, {
    folder,
    pid: holder.pid,
    host: holder.host,
  });
}
