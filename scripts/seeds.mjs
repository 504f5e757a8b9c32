// Runs configurations over seeds and reports on them: means over seeds, paired differences, curves, pictures:
//
//   node scripts/seeds.mjs --data DIR --out runs/la-quarter --seeds 0,1,2,3,4 --jobs 2 \
//     examples/la-quarter/supervised.json examples/la-quarter/crln.json
//
// A finished run is not run again, an interrupted one goes on. Every number reported comes from the run folders' metrics.jsonl.
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { summarize } from '@crln/train';

const crln = fileURLToPath(new URL('../packages/cli/bin/crln.js', import.meta.url));
const { values, positionals: configs } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string' },
    out: { type: 'string' },
    seeds: { type: 'string', default: '0,1,2,3,4' },
    jobs: { type: 'string', default: '2' },
    'report-only': { type: 'boolean', default: false },
  },
});
if (!values.out || configs.length === 0 || (!values.data && !values['report-only'])) {
  console.error(
    'usage: node scripts/seeds.mjs --data DIR --out DIR [--seeds 0,1,2,3,4] [--jobs 2] [--report-only] CONFIG.json …',
  );
  process.exit(2);
}
const seeds = values.seeds.split(',').map(Number);
const nameOf = (config) => basename(config, '.json');
const folder = (config, seed) => join(values.out, `${nameOf(config)}-seed${seed}`);

/** The lines of a run's log, or none. */
function log(run) {
  const file = join(run, 'metrics.jsonl');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** Its evaluation on the test cases at the last iteration, where the run is finished. */
function result(run) {
  if (!existsSync(join(run, 'config.json'))) return undefined;
  const { iterations } = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8')).settings;
  const line = log(run).findLast(
    (one) => one.kind === 'evaluation' && one.split === 'test' && one.iteration === iterations,
  );
  return line && summarize(line.rows).mean;
}

function train(config, seed) {
  const run = folder(config, seed);
  if (result(run)) return Promise.resolve();
  mkdirSync(values.out, { recursive: true });
  const args = [
    crln,
    'train',
    '--config',
    config,
    '--data',
    values.data,
    '--out',
    run,
    '--seed',
    String(seed),
    '--resume',
  ];
  // Runs side by side share the cores; the number of threads changes no result.
  const threads = Math.max(1, Math.floor(availableParallelism() / Number(values.jobs)));
  const env = { CRLN_THREADS: String(threads), ...process.env };
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const file = createWriteStream(`${run}.log`, { flags: 'a' });
    child.stdout.pipe(file);
    child.stderr.pipe(file);
    child.on('exit', (code) =>
      code === 0 ? done() : fail(new Error(`${run} ended with exit code ${code}: see ${run}.log`)),
    );
  });
}

if (!values['report-only']) {
  const queue = seeds.flatMap((seed) => configs.map((config) => ({ config, seed })));
  const total = queue.length;
  await Promise.all(
    Array.from({ length: Number(values.jobs) }, async () => {
      for (let job = queue.shift(); job; job = queue.shift()) {
        const start = Date.now();
        await train(job.config, job.seed);
        const dice = result(folder(job.config, job.seed))?.dice.mean;
        const seconds = ((Date.now() - start) / 1000).toFixed(0);
        console.error(
          `${nameOf(job.config)} seed ${job.seed}: Dice ${dice?.toFixed(4)} (${seconds} s, ${queue.length} of ${total} waiting)`,
        );
      }
    }),
  );
}

const runs = seeds.flatMap((seed) => configs.map((config) => folder(config, seed))).filter(result);
const args = [crln, 'report', ...runs, '--out', join(values.out, 'report'), '--title', basename(values.out)];
process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
