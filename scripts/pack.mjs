// Packs every package as it would be published, into a folder: `node scripts/pack.mjs DIR`.
import { execSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Returns the tarballs' paths by package name. */
export function packAll(folder) {
  const out = resolve(folder);
  mkdirSync(out, { recursive: true });
  const tarballs = {};
  for (const name of readdirSync(join(root, 'packages'))) {
    const cwd = join(root, 'packages', name);
    const { name: full, version } = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'));
    execSync(`npx --yes ${packageManager} pack --pack-destination ${JSON.stringify(out)}`, {
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    tarballs[full] = join(out, `${full.replace('@', '').replace('/', '-')}-${version}.tgz`);
  }
  return tarballs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, file] of Object.entries(packAll(process.argv[2] ?? 'node_modules/.cache/packed')))
    console.log(name, file);
}
