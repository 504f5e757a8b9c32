// Where the time of a step goes, kernel by kernel, at the la-quarter size: `node bench/profile.mjs [--json]`.
import { parseArgs } from 'node:util';
import { profileKernels } from '@crln/backend-wasm';
import { crlnStep } from './workloads/crlnStep.mjs';

const STEPS = 10;
const { values: given } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const size = { base: 8, levels: 3, patch: [32, 32, 16], batch: 2 };
const out = {};
for (const method of ['supervised', 'crln']) {
  const { run } = await crlnStep({ ...size, method });
  for (let i = 0; i < 2 * STEPS; i++) run();
  const { milliseconds, kernels } = await profileKernels(() => {
    for (let i = 0; i < STEPS; i++) run();
  });
  const share = (ms) => (100 * ms) / milliseconds;
  const rows = kernels.map(({ name, calls, own, milliseconds: ms, elements }) => ({
    kernel: name,
    calls: calls / STEPS,
    ms: ms / STEPS,
    percent: share(ms),
    elements: elements / STEPS,
    stock: own < calls,
  }));
  const inKernels = rows.reduce((sum, { ms }) => sum + ms, 0);
  const rest = milliseconds / STEPS - inKernels;
  rows.push({
    kernel: '(TensorFlow.js and the method)',
    calls: 0,
    ms: rest,
    percent: share(rest * STEPS),
    elements: 0,
  });
  out[method] = { size, msPerStep: milliseconds / STEPS, rows };
}
if (given.json) console.log(JSON.stringify({ suite: 'profile', node: process.version, ...out }, null, 2));
else {
  for (const [method, { msPerStep, rows }] of Object.entries(out)) {
    console.log(`\n${method}: ${msPerStep.toFixed(1)} ms a step with the profiler on`);
    console.log(
      `${'kernel'.padEnd(32)}${['calls', 'ms', '%', 'M elements'].map((cell) => cell.padStart(12)).join('')}`,
    );
    for (const { kernel, calls, ms, percent, elements, stock } of rows.filter((row) => row.percent >= 0.5)) {
      const cells = [calls.toFixed(0), ms.toFixed(2), percent.toFixed(1), (elements / 1e6).toFixed(2)];
      console.log(`${kernel.padEnd(32)}${cells.map((cell) => cell.padStart(12)).join('')}${stock ? '  stock' : ''}`);
    }
    const stock = rows.filter((row) => row.stock).reduce((sum, row) => sum + row.percent, 0);
    console.log(`all stock kernels together: ${stock.toFixed(1)} %`);
  }
}
