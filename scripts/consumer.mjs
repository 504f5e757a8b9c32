// The packed packages in an empty project outside the repository: the README's library example runs in Node, type-checks,
// and bundles for a browser; `npx crln` answers, and trains with a worker thread.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packAll } from './pack.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = [];
const project = mkdtempSync(join(tmpdir(), 'crln-consumer-'));
const run = (command, args) =>
  execFileSync(command, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const node = (...args) => run(process.execPath, args);

function step(name, work) {
  try {
    work();
    results.push(true);
    console.log(`ok   ${name}`);
  } catch (error) {
    results.push(false);
    console.log(`FAIL ${name}\n${`${error.stdout ?? ''}${error.stderr ?? ''}` || error.stack}`);
  }
}

/** The README's first TypeScript block: what a new user copies. */
function readmeExample() {
  const block = readFileSync(join(root, 'README.md'), 'utf8').match(/```ts\n([\s\S]*?)```/)?.[1];
  if (!block) throw new Error('README.md has no ```ts block');
  return block;
}

try {
  step('npm install of the packed packages', () => {
    const dependencies = Object.fromEntries(
      Object.entries(packAll(join(project, 'packed'))).map(([name, file]) => [name, `file:${file}`]),
    );
    for (const name of ['tfjs-core', 'tfjs-layers']) dependencies[`@tensorflow/${name}`] = '4.22.0';
    const devDependencies = { typescript: '5.9.3', esbuild: '0.27.7', '@types/node': '^20.19.0' };
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({ name: 'consumer', private: true, type: 'module', dependencies, devDependencies }, null, 2),
    );
    run('npm', ['install', '--no-audit', '--no-fund']);
  });
  writeFileSync(join(project, 'example.ts'), readmeExample());
  const options = {
    target: 'ES2022',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    lib: ['ES2023', 'DOM'],
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['example.ts'] }));
  step('the README example type-checks', () => node('node_modules/typescript/bin/tsc', '-p', '.'));
  step('the README example runs in Node', () => {
    run(join(project, 'node_modules/.bin/esbuild'), ['example.ts', '--outfile=example.mjs', '--format=esm']);
    const printed = node('example.mjs').trim();
    if (!/loss \d/.test(printed)) throw new Error(`expected lines with "loss <number>", got:\n${printed}`);
    console.log(printed.replace(/^/gm, '     '));
  });
  step('the README example bundles for a browser', () => {
    run(join(project, 'node_modules/.bin/esbuild'), [
      'example.ts',
      '--bundle',
      '--platform=browser',
      '--format=esm',
      '--outfile=bundle.js',
      '--log-level=error',
    ]);
    if (/from\s*["']node:|require\(["'](?:node:)?fs["']\)/.test(readFileSync(join(project, 'bundle.js'), 'utf8')))
      throw new Error('the bundle imports Node modules');
  });
  step('npx crln train, with a worker thread', () => {
    const small = ['--patch', '8,8,8', '--base-filters', '2', '--levels', '2', '--iterations', '2', '--labelled', '1'];
    const phantom = 'data.phantom={"train":2,"val":0,"test":1,"shape":[16,12,8]}';
    const words = ['--data', 'phantom', '--set', phantom, '--out', 'run', ...small, '--workers', '1', '--json'];
    const printed = run('npx', ['--no-install', 'crln', 'train', ...words]);
    if (JSON.parse(printed).iteration !== 2) throw new Error(`expected 2 iterations, got:\n${printed}`);
  });
  step('npx crln --help', () => {
    const printed = run('npx', ['--no-install', 'crln', '--help']);
    for (const name of ['train', 'evaluate', 'predict', 'metrics', 'info'])
      if (!printed.includes(name)) throw new Error(`no ${name} in:\n${printed}`);
  });
} finally {
  rmSync(project, { recursive: true, force: true });
}
const failed = results.filter((ok) => !ok).length;
console.log(`consumer: ${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
