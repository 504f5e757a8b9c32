// Makes a clean clone ready: checks Node, installs the pinned dependencies, builds. Does nothing where nothing changed.
import { execFileSync, execSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`crln needs Node 20.19 or newer, this is ${process.versions.node}.`);
  process.exit(1);
}

/** SHA-256 over the names and contents of files below `paths`, in a fixed order. */
function digest(paths) {
  const hash = createHash('sha256');
  const visit = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const at = join(path, entry.name);
      if (['node_modules', 'dist', 'generated', '__tests__'].includes(entry.name)) continue;
      if (entry.isDirectory()) visit(at);
      else hash.update(at.slice(root.length)).update(readFileSync(at));
    }
  };
  for (const path of paths) {
    if (path.endsWith('/')) visit(join(root, path));
    else hash.update(path).update(readFileSync(join(root, path)));
  }
  return hash.digest('hex');
}

/** Runs `work` unless it already ran for this `key`; the stamp is written only after success. */
function once(name, key, ready, work) {
  const stamp = join(root, 'node_modules', '.cache', `crln-${name}`);
  if (ready() && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  work();
  mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true });
  writeFileSync(stamp, key);
}

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
once(
  'install',
  digest(['pnpm-lock.yaml', 'package.json']),
  () => existsSync(join(root, 'node_modules')),
  () => {
    console.log(`setup: installing dependencies with ${packageManager}`);
    execSync(`npx --yes ${packageManager} install --frozen-lockfile --reporter=append-only`, {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  },
);
const built = () =>
  readdirSync(join(root, 'packages')).every((name) => existsSync(join(root, 'packages', name, 'dist', 'index.js')));
once('build', digest(['packages/', 'tsup.config.ts', 'tsconfig.base.json', 'scripts/build.mjs']), built, () => {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'inherit' });
});
