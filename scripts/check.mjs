// Everything but the tests: `npm run check`. Each step runs even where an earlier one failed; the last line counts them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkFloors } from './checks/floors.mjs';
import { packAll } from './pack.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = [];

/** Runs a command; its output is shown only where it fails. */
function command(file, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return status === 0 ? [] : [`${stdout}${stderr}`.trim() || `exit status ${status}`];
}

function step(name, work) {
  const start = Date.now();
  let problems;
  try {
    problems = work();
  } catch (error) {
    problems = [error.stack];
  }
  results.push(problems.length === 0);
  console.log(`${problems.length ? 'FAIL' : 'ok  '} ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  for (const problem of problems) console.log(problem.replace(/^/gm, '     '));
}

const bin = (path) => join(root, 'node_modules', path);
const setup = spawnSync(process.execPath, [join(root, 'scripts/setup.mjs')], { cwd: root, stdio: 'inherit' });
if (setup.status !== 0) process.exit(setup.status ?? 1);

step('biome: format and lint', () =>
  command(bin('@biomejs/biome/bin/biome'), 'ci', '--colors=off', '--max-diagnostics=40'),
);
step('floors: imports go down, never in a circle', () => checkFloors(root));
step('build', () => command(join(root, 'scripts/build.mjs')));
step('tsc: sources, tests, scripts, examples', () => command(bin('typescript/bin/tsc'), '-p', 'tsconfig.json'));
const packed = mkdtempSync(join(tmpdir(), 'crln-packed-'));
try {
  const tarballs = packAll(packed);
  for (const [name, file] of Object.entries(tarballs)) {
    step(`publint ${name}`, () => command(bin('publint/src/cli.js'), 'run', file, '--strict'));
    step(`attw ${name}`, () =>
      command(bin('@arethetypeswrong/cli/dist/index.js'), file, '--profile', 'esm-only', '--no-emoji'),
    );
  }
} finally {
  rmSync(packed, { recursive: true, force: true });
}
step('knip: nothing unused', () => command(bin('knip/bin/knip.js')));
step('typedoc: no warnings', () => command(bin('typedoc/bin/typedoc'), '--treatWarningsAsErrors'));

const failed = results.filter((ok) => !ok).length;
console.log(`check: ${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
