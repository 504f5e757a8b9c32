// The last lines of .ci/run: the counts of every part, from what it left in the folder that is given, and their sum.
import { existsSync, readFileSync } from 'node:fs';
import { readReport } from '../scripts/report.mjs';

const out = process.argv[2];
const read = (name) => (existsSync(`${out}/${name}`) ? readFileSync(`${out}/${name}`, 'utf8') : '');

/** The counts that a part printed itself. */
function readLog(part) {
  const line = read(`${part}.log`).match(new RegExp(`^${part}: (\\d+) passed, (\\d+) failed$`, 'm'));
  return line ? { passed: +line[1], failed: +line[2] } : { passed: 0, failed: 1 };
}

let [passed, failed] = [0, 0];
for (const part of ['debian', 'check', 'tests', 'fuzz', 'browser', 'browser-gpu', 'nodes', 'consumer', 'bundle']) {
  const ofTests = existsSync(`${out}/${part}.status`);
  const counts = ofTests ? readReport(`${out}/${part}.json`, Number(read(`${part}.status`))) : readLog(part);
  console.log(`${part}: ${counts.passed} passed, ${counts.failed} failed`);
  passed += counts.passed;
  failed += counts.failed;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
