// The op suite on the other versions of Node that the packages support: `npm run test:node`, or `npm run test:node -- 24`. The npm
// package `node` brings them. The last line counts the tests; a version that cannot be had counts as a failed one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readReport } from './report.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [running] = process.versions.node.split('.');
const asked = process.argv.slice(2);
const majors = asked.length ? asked : ['20', '22', '24'].filter((major) => major !== running);

const node = (major, args, stdout) =>
  spawnSync('npx', ['--yes', `node@${major}`, ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', stdout, 'inherit'],
    // WebGPU's binding to Node is one for all versions.
    env: { ...process.env, CRLN_BACKENDS: 'cpu,wasm' },
  });

/** The op suite's counts. */
function test(major, report) {
  const version = node(major, ['--version'], 'pipe').stdout?.trim();
  if (!version?.startsWith(`v${major}.`)) {
    console.log(`nodes: npm's package node@${major} brings no Node ${major} here (${version || 'nothing'})`);
    return { passed: 0, failed: 1 };
  }
  console.log(`nodes: the op suite on Node ${version}`);
  const { status } = node(
    major,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      'packages/ops',
      'packages/backend-wasm',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    'inherit',
  );
  return readReport(report, status);
}

const folder = mkdtempSync(join(tmpdir(), 'crln-nodes-'));
let [passed, failed] = [0, 0];
try {
  for (const major of majors) {
    const counts = test(major, join(folder, `${major}.json`));
    passed += counts.passed;
    failed += counts.failed;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`nodes: ${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
