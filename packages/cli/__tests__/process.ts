import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'tsup';

const cli = fileURLToPath(new URL('..', import.meta.url));
const root = join(cli, '../..');

/**
 * Bundles the sources of `crln` into a folder, so that a test can run it as a process of its own without a build.
 *
 * @returns starts `crln …` there
 */
export async function crlnProcess(folder: string): Promise<(words: readonly string[]) => ChildProcess> {
  // Versions are looked up beside the program.
  await copyFile(join(cli, 'package.json'), join(folder, 'package.json'));
  await symlink(join(cli, 'node_modules'), join(folder, 'node_modules'));
  await build({
    config: false,
    entry: { crln: join(cli, 'src/index.ts'), worker: join(cli, '../data/src/node/worker.ts') },
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
  const url = pathToFileURL(join(folder, 'dist/crln.js')).href;
  const program = `import { main } from ${JSON.stringify(url)}; process.exitCode = await main(process.argv.slice(1));`;
  return (words) =>
    spawn(process.execPath, ['--input-type=module', '-e', program, '--', ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
}
