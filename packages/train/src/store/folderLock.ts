import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CrlnError } from '@crln/core';

/** The file that says who writes into a run folder. */
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
 * Takes a folder for this process: two runs must not write into one. The lock file comes into being whole (linked into place), names
 * process and machine, and counts as stale when that process is gone on this machine; a stale one is taken over. Locks of another
 * machine (a shared disk) are never stale: a person has to look.
 *
 * @throws CrlnError `file-access` naming the process that holds the folder
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, LOCK_FILE);
  const me: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid), token: randomUUID() };
  const own = `${path}.${me.token}`;
  const failed = (cause: unknown) =>
    new CrlnError('file-access', `${folder} cannot be locked: ${(cause as Error).message}`, { path }, { cause });
  await writeFile(own, JSON.stringify(me)).catch((cause: unknown) => {
    throw failed(cause);
  });
  try {
    for (let attempt = 0; attempt < 20; attempt++) {
      try {
        await link(own, path);
        return { release: () => release(path, me.token) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw failed(error);
      }
      const holder = await readHolder(path);
      if (holder === undefined) continue;
      if (isAlive(holder)) throw inUse(folder, holder);
      await takeAway(path, holder, me.token);
    }
    throw new CrlnError('file-access', `${folder} cannot be locked: others keep taking it`, { path });
  } finally {
    await rm(own, { force: true });
  }
}

/** Moves a stale lock aside. Only one of several processes can; one that moved a fresh lock by mistake puts it back. */
async function takeAway(path: string, stale: Holder, token: string): Promise<void> {
  const aside = `${path}.${token}.stale`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await readHolder(aside);
  if (moved && moved.token !== stale.token) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

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
