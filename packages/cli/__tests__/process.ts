import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'tsup';

const cli = fileURLToPath(new URL('..', import.meta.url));
const root = join(cli, '../..');

/**
 * Bundles sources into `dist` of a folder, with the packages that they depend on beside, so that a test can run them as a process of its
 * own without a build.
 *
 * @param entries paths from the packages' folder by the names that the bundles get
 */
async function bundle(folder: string, entries: Record<string, string>): Promise<void> {
  const modules = join(folder, 'node_modules');
  await mkdir(modules, { recursive: true });
  const link = (from: string, name: string) => symlink(join(from, 'node_modules', name), join(modules, name));
  for (const name of await readdir(join(cli, 'node_modules'))) if (!name.startsWith('.')) await link(cli, name);
  await link(join(root, 'packages/backend-webgpu'), 'webgpu');
  await build({
    config: false,
    entry: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, 'packages', path)])),
    outDir: join(folder, 'dist'),
    // Its paths lead from @crln/x to the sources of that package.
    tsconfig: join(root, 'tsconfig.json'),
    format: 'esm',
    target: 'es2022',
    noExternal: [/^@crln\//],
    external: ['@resvg/resvg-js'],
    // For what is CommonJS in the bundle.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; var require = requireOf(import.meta.url);",
    },
    splitting: true,
    clean: false,
    silent: true,
  });
}

const startNode = (folder: string, program: string, options: readonly string[], words: readonly string[]) =>
  spawn(process.execPath, [...options, '--input-type=module', '-e', program, '--', ...words], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });

/**
 * Bundles the sources of `crln` into a folder.
 *
 * @returns starts `crln …` there
 */
export async function crlnProcess(folder: string): Promise<(words: readonly string[]) => ChildProcess> {
  await bundle(folder, { crln: 'cli/src/index.ts', worker: 'data/src/node/worker.ts' });
  // Versions are looked up beside the program.
  await copyFile(join(cli, 'package.json'), join(folder, 'package.json'));
  const url = pathToFileURL(join(folder, 'dist/crln.js')).href;
  const program = `import { main } from ${JSON.stringify(url)}; process.exitCode = await main(process.argv.slice(1));`;
  return (words) => startNode(folder, program, [], words);
}

/**
 * Bundles the sources of `@crln/ops` into a folder.
 *
 * @returns starts a program that may import `./dist/ops.js` and TensorFlow.js
 */
export async function opsProcess(
  folder: string,
): Promise<(program: string, options?: readonly string[]) => ChildProcess> {
  await bundle(folder, { ops: 'ops/src/index.ts' });
  return (program, options = []) => startNode(folder, program, options, []);
}
