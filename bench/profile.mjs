// Where the time of a step goes, kernel by kernel, at the la-quarter size: `node bench/profile.mjs [--json] [--threads=1]`.
import { parseArgs } from 'node:util';
import { profileKernels } from '@crln/backend-wasm';
import { crlnStep } from './workloads/crlnStep.mjs';

const STEPS = 15;
const { values: given } = parseArgs({
  options: { json: { type: 'boolean', default: false }, threads: { type: 'string' } },
});
const size = { base: 8, levels: 3, patch: [32, 32, 16], batch: 2 };
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/** Median over some steps of what each kernel took, the most expensive first, and of what is left. */
async function profile(method) {
  const { run } = await crlnStep({ ...size, method, threads: given.threads && Number(given.threads) });
  for (let i = 0; i < STEPS; i++) await run();
  const steps = [];
  for (let i = 0; i < STEPS; i++) steps.push(await profileKernels(run));
  const msPerStep = median(steps.map(({ milliseconds }) => milliseconds));
  const rows = steps[0].kernels.map(({ name, calls, own, elements }) => {
    const ms = median(steps.map(({ kernels }) => kernels.find((kernel) => kernel.name === name)?.milliseconds ?? 0));
    return { kernel: name, calls, ms, percent: (100 * ms) / msPerStep, elements, stock: own < calls };
  });
  const inKernels = ({ kernels }) => kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const rest = median(steps.map((step) => step.milliseconds - inKernels(step)));
  rows.push({ kernel: '(TensorFlow.js and the method)', ms: rest, percent: (100 * rest) / msPerStep });
  return { size, msPerStep, rows: rows.sort((a, b) => b.ms - a.ms) };
}

const out = { supervised: await profile('supervised'), crln: await profile('crln') };
if (given.json) console.log(JSON.stringify({ suite: 'profile', node: process.version, ...out }, null, 2));
else {
  for (const [method, { msPerStep, rows }] of Object.entries(out)) {
    console.log(`\n${method}: ${msPerStep.toFixed(1)} ms a step with the profiler on, medians of ${STEPS}`);
    console.log(
      `${'kernel'.padEnd(32)}${['calls', 'ms', '%', 'M elements'].map((cell) => cell.padStart(12)).join('')}`,
    );
    for (const { kernel, calls = 0, ms, percent, elements = 0, stock } of rows.filter((row) => row.percent >= 0.5)) {
      const cells = [calls.toFixed(0), ms.toFixed(2), percent.toFixed(1), (elements / 1e6).toFixed(2)];
      console.log(`${kernel.padEnd(32)}${cells.map((cell) => cell.padStart(12)).join('')}${stock ? '  stock' : ''}`);
    }
    const stock = rows.filter((row) => row.stock).reduce((sum, row) => sum + row.percent, 0);
    console.log(`all stock kernels together: ${stock.toFixed(1)} %`);
  }
}
