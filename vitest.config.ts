import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { workerSources } from './scripts/workerSources.js';

const source = (path: string) => fileURLToPath(new URL(`./packages/${path}`, import.meta.url));

/** Tests run on the sources, not on `dist`: an alias for every package, sub-paths first, and worker threads from their sources too. */
export default defineConfig({
  plugins: [workerSources()],
  resolve: {
    alias: [
      { find: /^@crln\/([a-z-]+)\/([a-z-]+)$/, replacement: `${source('')}$1/src/$2.ts` },
      { find: /^@crln\/([a-z-]+)$/, replacement: `${source('')}$1/src/index.ts` },
    ],
  },
  test: {
    include: [
      'packages/*/__tests__/**/*.test.ts',
      'scripts/__tests__/**/*.test.ts',
      'examples/*/__tests__/**/*.test.{ts,mjs}',
      'bench/__tests__/**/*.test.mjs',
    ],
    // Where software stands in for a GPU, its shaders are compiled on the CPU.
    testTimeout: 240_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Two test files run at once: kernels share their work where a test is about that.
    env: { CRLN_THREADS: process.env.CRLN_THREADS ?? '1' },
  },
});
