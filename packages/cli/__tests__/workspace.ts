import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder for one test file. */
export async function workspace(): Promise<{ at: (...parts: string[]) => string; remove: () => Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'crln-cli-'));
  return { at: (...parts) => join(root, ...parts), remove: () => rm(root, { recursive: true, force: true }) };
}

/** All files below a folder, none where there is no folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

/** A network and a patch that train in well under a second. */
export const TINY = ['--patch', '8,8,4', '--base-filters', '2', '--levels', '2', '--iterations', '2', '--lr', '0.01'];
