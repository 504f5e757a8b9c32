// Builds every package: the WebAssembly kernels, then ESM with tsup, then declarations with one `tsc -b`.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (args, cwd = root) => execFileSync(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
const step = (text) => console.log(`build: ${text}`);

if (existsSync(`${root}/packages/backend-wasm/scripts/build-wasm.mjs`)) {
  step('WebAssembly kernels');
  run(['scripts/build-wasm.mjs'], `${root}/packages/backend-wasm`);
}
for (const name of readdirSync(`${root}/packages`)) {
  step(`@crln/${name}`);
  run(
    [`${root}/node_modules/tsup/dist/cli-default.js`, '--config', `${root}/tsup.config.ts`, '--silent'],
    `${root}/packages/${name}`,
  );
}
step('declarations');
execFileSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '-b', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
