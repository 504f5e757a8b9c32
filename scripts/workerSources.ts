// Node runs no TypeScript in a worker thread: for the tests, a thread's source is bundled to a file first.
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Plugin } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = /\/packages\/[\w-]+\/src\//;
const THREAD = /new URL\('(\.\/[\w-]+)\.js', import\.meta\.url\)/g;

/** A plugin: what a source of ours calls `new URL('./worker.js', import.meta.url)` becomes a bundle of `./worker.ts` as it is now. */
export function workerSources(): Plugin {
  const folders: string[] = [];
  return {
    name: 'worker-sources',
    enforce: 'pre',
    async transform(code, id) {
      const [file = id] = id.split('?');
      if (!SOURCE.test(file)) return;
      let changed = code;
      for (const [text, name] of code.matchAll(THREAD)) {
        const bundled = await bundle(resolve(dirname(file), `${name}.ts`));
        folders.push(dirname(bundled));
        changed = changed.replace(text, `new URL(${JSON.stringify(pathToFileURL(bundled).href)})`);
      }
      return changed === code ? undefined : { code: changed, map: null };
    },
    async closeBundle() {
      for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Bundles a source with all it imports of ours. @returns the file */
async function bundle(source: string): Promise<string> {
  const { build } = await import('tsup');
  // Below its package, where it finds what is not bundled.
  const cache = join(source.slice(0, source.indexOf('/src/')), 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const outDir = await mkdtemp(join(cache, 'worker-'));
  // A thread may start others: all of its folder lie side by side, as in `dist`.
  const folder = dirname(source);
  const threads = (await readdir(folder)).filter((file) => file.endsWith('worker.ts') || join(folder, file) === source);
  await build({
    config: false,
    entry: Object.fromEntries(threads.map((file) => [basename(file, '.ts'), join(folder, file)])),
    outDir,
    outExtension: () => ({ js: '.js' }),
    // Its paths lead from @crln/x to the sources of that package.
    tsconfig: join(root, 'tsconfig.json'),
    format: 'esm',
    target: 'es2022',
    noExternal: [/^@crln\//],
    external: [/^h5wasm/],
    clean: false,
    silent: true,
  });
  return join(outDir, `${basename(source, '.ts')}.js`);
}
