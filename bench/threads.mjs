// What more threads bring: `node bench/threads.mjs [--json] [--threads=2]`. Convolutions many times in a row, so that no worker begins
// asleep; beside it what the machine's second core brings at most: one-threaded processes alone and side by side.
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { ours } from './lib/contestants.mjs';

/** Runs in a row, and how often the contestants take turns. */
const ROW = 12;
const TURNS = 4;
/** [N, D, H, W], channels in and out. */
const shapes = [
  [[1, 64, 64, 64], 16],
  [[1, 32, 32, 32], 32],
  [[1, 16, 16, 16], 64],
  [[1, 16, 16, 16], 128],
];
const directions = ['forward', 'input gradient', 'filter gradient'];

const { values: given } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
  // `npm run bench` hands the same options to every suite.
  strict: false,
});
const threads = Number(given.threads);
const machine = { cpu: cpus()[0].model, cores: cpus().length, load: loadavg()[0], node: process.version };
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const inRow = async (worker) => {
  const seconds = [];
  for (let i = 0; i < ROW; i++) seconds.push((await worker.run()).seconds);
  return seconds;
};

const rows = [];
if (!given.json) console.log(`${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(2)}`);
for (const [input, width] of shapes) {
  for (const direction of directions) {
    const open = (count) =>
      ours('conv3d').start({ kind: '3x3x3', input, channels: [width, width], direction, threads: count });
    const single = await Promise.all(Array.from({ length: threads }, () => open(1)));
    const shared = await open(threads);
    const times = { one: [], beside: [], all: [] };
    for (let turn = -1; turn < TURNS; turn++) {
      const one = await inRow(single[0]);
      const beside = (await Promise.all(single.map(inRow))).flat();
      const all = await inRow(shared);
      // The first turn warms up.
      if (turn < 0) continue;
      times.one.push(...one);
      times.beside.push(...beside);
      times.all.push(...all);
    }
    for (const worker of [...single, shared]) worker.stop();
    const ms = Object.fromEntries(Object.entries(times).map(([name, seconds]) => [name, median(seconds) * 1e3]));
    const row = { input, channels: [width, width], direction, threads, ms };
    row.speedUp = ms.one / ms.all;
    row.most = (threads * ms.one) / ms.beside;
    rows.push(row);
    if (given.json) continue;
    const name = `${input.join('×')} ${width}→${width} ${direction}`.padEnd(34);
    const figures = [ms.one, ms.all].map((value) => `${value.toFixed(2)} ms`.padStart(10)).join('');
    console.log(`${name}${figures}  ${row.speedUp.toFixed(2)}× of at most ${row.most.toFixed(2)}×`);
  }
}
if (given.json)
  console.log(JSON.stringify({ suite: 'threads', date: new Date().toISOString(), machine, rows }, null, 2));
