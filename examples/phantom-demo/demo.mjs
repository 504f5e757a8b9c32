// `npm run demo`: supervised and CRLN on the phantom with 4 labels, on equal settings, one process (and core) each. Everything goes through
// the `crln` command, as a user would do it.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const out = join(root, 'runs', 'demo');
const command = join(root, 'packages/cli/bin/crln.js');
const METHODS = ['supervised', 'crln'];

/** Runs `crln` and returns what it printed; lines about the work are shown as they come. */
function crln(args, name) {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    createInterface({ input: child.stderr }).on('line', (line) =>
      console.log(name ? `${name.padEnd(10)} │ ${line}` : line),
    );
    child.on('close', (code) =>
      code === 0 ? done(printed) : fail(new Error(`crln ${args[0]} ended with exit code ${code}`)),
    );
  });
}

const start = Date.now();
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const data = join(out, 'data');
console.log('Drawing phantom atria: 4 with labels, 28 without, 8 to test …');
await crln(['phantom', '--out', data, '--train', '32', '--labelled', '4', '--val', '0', '--test', '8']);

console.log('Training supervised and CRLN side by side, the same settings and seed …');
await Promise.all(
  METHODS.map((name) =>
    crln(['train', '--config', join(here, `${name}.json`), '--data', data, '--out', join(out, name)], name),
  ),
);
const runs = METHODS.map((name) => join(out, name));
console.log(
  await crln([
    'report',
    ...runs,
    '--out',
    join(out, 'report'),
    '--title',
    'Supervised and CRLN on phantom atria, 4 labels',
  ]),
);
console.log(
  `Done in ${((Date.now() - start) / 60_000).toFixed(1)} minutes. Look at ${relative(process.cwd(), join(out, 'report', 'report.html'))}`,
);
