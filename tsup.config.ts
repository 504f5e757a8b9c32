import { existsSync, readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

const { optionalDependencies = {} } = JSON.parse(readFileSync('package.json', 'utf8'));

/** One configuration for every package: run with the package's folder as the working directory. Types come from `tsc -b`. */
export default defineConfig({
  entry: ['src/index.ts', 'src/node.ts'].filter((file) => existsSync(file)),
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
