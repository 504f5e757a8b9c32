// Runs the cases of a benchmark: all contestants of a case in one run, by turns, the median of some runs after a warm-up.
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { serve } from './worker.mjs';

const number = { type: 'string' };

/**
 * The body of a suite's file. With `--worker` the file is one of its own contestants instead.
 *
 * @param prepare makes the workload of given options: `{ run, about }`
 * @param cases objects with `name`, `runs`, `warmUp` and the workload's options; `--base`, `--levels`, `--patch` and `--batch` make a case of
 *   their own in their place, the rest taken from the first. `--threads` (all cores by default) holds for all contestants that do not set their own.
 * @param contestants makes those of bench/lib/contestants.mjs for a backend of ours, ours first. `--backend=webgpu`: on the GPU
 */
export async function suite({ name, prepare, cases, contestants, notes = () => ({}) }) {
  const { values: given } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      'no-peer': { type: 'boolean', default: false },
      worker: { type: 'string' },
      backend: { type: 'string', default: 'wasm' },
      runs: number,
      base: number,
      levels: number,
      patch: number,
      batch: number,
      threads: { type: 'string', default: String(availableParallelism()) },
    },
  });
  if (given.worker) return serve(prepare, JSON.parse(given.worker));
  const machine = { cpu: cpus()[0].model, cores: cpus().length, load: loadavg()[0], node: process.version };
  const rows = [];
  if (!given.json) console.log(`${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(2)}`);
  for (const one of asked(cases, given)) {
    const row = await race(
      { threads: Number(given.threads), backend: given.backend, ...one },
      contestants(given.backend).filter((c) => !given['no-peer'] || !c.peer),
    );
    Object.assign(row, notes(row));
    rows.push(row);
    if (!given.json) print(row);
  }
  if (given.json) console.log(JSON.stringify({ suite: name, date: new Date().toISOString(), machine, rows }, null, 2));
}

function asked(cases, { runs, base, levels, patch, batch }) {
  const changes = {
    ...(base && { base: Number(base) }),
    ...(levels && { levels: Number(levels) }),
    ...(patch && { patch: patch.split(',').map(Number) }),
    ...(batch && { batch: Number(batch) }),
  };
  const changed = Object.keys(changes).length ? [{ ...cases[0], ...changes, name: 'as asked' }] : cases;
  return runs ? changed.map((one) => ({ ...one, runs: Number(runs) })) : changed;
}

async function race({ name, runs, warmUp, ...options }, contestants) {
  const workers = [];
  const absent = [];
  for (const contestant of contestants) {
    const worker = await contestant.start({ ...options, ...contestant.options?.(options) });
    if (worker.absent) absent.push(worker.absent);
    else workers.push({ name: contestant.name, worker, answers: [], most: contestant.runs?.(options) ?? runs });
  }
  try {
    for (let i = -warmUp; i < runs; i++) {
      for (const { worker, answers, most } of workers) {
        // Who is asked for a single run is too slow to be warmed up.
        if (i >= most || (i < 0 && most === 1)) continue;
        const answer = await worker.run();
        if (i >= 0) answers.push(answer);
      }
    }
  } finally {
    for (const { worker } of workers) worker.stop();
  }
  const results = workers.map(({ name, worker, answers }) => ({
    name,
    about: worker.first.about,
    ms: median(answers.map(({ seconds }) => seconds)) * 1e3,
    bestMs: Math.min(...answers.map(({ seconds }) => seconds)) * 1e3,
    cpuMs: median(answers.map(({ cpuSeconds }) => cpuSeconds)) * 1e3,
    startMiB: worker.first.peakBytes / 2 ** 20,
    peakMiB: answers.at(-1).peakBytes / 2 ** 20,
    value: answers.at(-1).value,
  }));
  const [first] = results;
  const { flop } = workers[0].worker.first;
  if (flop) for (const result of results) result.gflops = flop / result.ms / 1e6;
  for (const other of results.slice(1)) {
    other.timeRatio = first.ms / other.ms;
    other.peakRatio = first.peakMiB / other.peakMiB;
  }
  return { case: name, options, runs, results, ...(absent.length && { absent }) };
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

function print({ case: name, options, runs, results, absent = [], notes = [] }) {
  console.log(`\n${name}: ${JSON.stringify(options)}, median of ${runs}`);
  console.log(row(['', 'ms', 'best', 'CPU ms', 'peak MiB', 'at start', 'GFLOP/s', 'ours: time', 'memory']));
  for (const { name, ms, bestMs, cpuMs, peakMiB, startMiB, gflops, timeRatio, peakRatio } of results) {
    const ratios = timeRatio ? [`${timeRatio.toFixed(2)}×`, `${peakRatio.toFixed(2)}×`] : [];
    console.log(
      row([name, ...[ms, bestMs, cpuMs, peakMiB, startMiB].map(figure), gflops?.toFixed(1) ?? '', ...ratios]),
    );
  }
  for (const { name, about } of results) console.log(`  ${name}: ${about}`);
  for (const line of [...notes, ...absent]) console.log(`  ${line}`);
}

const figure = (value) => value.toFixed(value < 10 ? 2 : 0);
const row = ([name, ...cells]) => name.padEnd(22) + cells.map((cell) => cell.padStart(11)).join('');
