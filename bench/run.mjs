// Runs the benchmark suites one after another: `npm run bench`, or `npm run bench -- conv3d --json`. With --json it prints one document,
// the suites' own by their names. An option with a value is written --batch=4.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const suites = readdirSync(here)
  .filter((file) => file.endsWith('.mjs') && file !== 'run.mjs')
  .map((file) => file.replace('.mjs', ''));
const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('--'));
const asked = args.filter((arg) => !arg.startsWith('--'));
for (const name of asked) {
  if (!existsSync(`${here}${name}.mjs`)) {
    console.error(`bench: no suite "${name}"; there are ${suites.join(', ')}`);
    process.exit(2);
  }
}
const asJson = options.includes('--json');
const documents = {};
for (const name of asked.length ? asked : suites) {
  if (!asJson) console.log(`\n# ${name}`);
  const stdio = ['inherit', asJson ? 'pipe' : 'inherit', 'inherit'];
  const { status, stdout } = spawnSync(process.execPath, [`${here}${name}.mjs`, ...options], {
    stdio,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (status !== 0) process.exitCode = 1;
  else if (asJson) documents[name] = JSON.parse(stdout);
}
if (asJson) console.log(JSON.stringify(documents, null, 2));
