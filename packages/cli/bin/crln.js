#!/usr/bin/env node
// Committed, so that the package manager links it on a clean install, before `dist` is built.
import('../dist/index.js').then(
  async ({ main }) => {
    process.exitCode = await main(process.argv.slice(2));
  },
  (error) => {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error('crln is not built yet: run `npm run setup` at the root of the repository first.');
    process.exitCode = 1;
  },
);
