import { existsSync } from 'node:fs';
import { defineConfig } from 'tsup';

/** One configuration for every package: run with the package's folder as the working directory. Types come from `tsc -b`. */
export default defineConfig({
  entry: ['src/index.ts', 'src/node.ts'].filter((file) => existsSync(file)),
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  // Node's own modules, in the entries that are for Node alone.
  external: [/^node:/],
  clean: false,
  sourcemap: true,
  splitting: true,
  removeNodeProtocol: false,
});
