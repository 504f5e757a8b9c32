// Runs the benchmark suites one after another: `npm run bench`, or `npm run bench -- conv3d --json`.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const suites = readdirSync(here)
  .filter((file) => file.endsWith('.mjs') && file !== 'run.mjs')
  .map((file) => file.replace('.mjs', ''));
const args = process.argv.slice(2);
const asked = args.filter((arg) => !arg.startsWith('--'));
for (const name of asked) {
  if (!existsSync(`${here}${name}.mjs`)) {
    console.error(`bench: no suite "${name}"; there are ${suites.join(', ')}`);
    process.exit(2);
  }
}
for (const name of asked.length ? asked : suites) {
  if (!args.includes('--json')) console.log(`\n# ${name}`);
  const { status } = spawnSync(
    process.execPath,
    [`${here}${name}.mjs`, ...args.filter((arg) => arg.startsWith('--'))],
    { stdio: 'inherit' },
  );
  if (status !== 0) process.exitCode = 1;
}
