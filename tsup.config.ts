import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

const { optionalDependencies = {} } = JSON.parse(readFileSync('package.json', 'utf8'));

// All lie side by side in `dist`, so that a thread's `new URL('./worker.js', import.meta.url)` is right from every chunk.
const threads = existsSync('src/node') ? readdirSync('src/node').filter((file) => file.endsWith('worker.ts')) : [];
const entries = {
  index: 'src/index.ts',
  node: 'src/node.ts',
  ...Object.fromEntries(threads.map((file) => [file.replace('.ts', ''), `src/node/${file}`])),
};

/** One configuration for every package: run with the package's folder as the working directory. Types come from `tsc -b`. */
export default defineConfig({
  entry: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  // Node's own modules, in the entries that are for Node alone.
  // tsup leaves dependencies and peers out of a bundle, but not optional ones.
  external: [/^node:/, ...Object.keys(optionalDependencies)],
  clean: false,
  sourcemap: true,
  splitting: true,
  removeNodeProtocol: false,
});
