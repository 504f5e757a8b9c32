// Who takes part in a benchmark, and how each is started.
import { fileURLToPath } from 'node:url';
import { start } from './worker.mjs';

/** Ours: a suite's file, started as a worker. */
export const ours = (suite, name = 'ours') => ({
  name,
  start: (options) =>
    start(process.execPath, [fileURLToPath(new URL(`../${suite}.mjs`, import.meta.url)), '--worker', json(options)]),
});

const json = (options) => JSON.stringify(options);
const serve = fileURLToPath(new URL('../peers/serve.py', import.meta.url));

/** How PyTorch may compute on a GPU: all in float32, products in TF32, or the network in half precision, its channels first or last. */
const ON_GPU = {
  float32: { precision: 'float32' },
  tf32: { precision: 'tf32' },
  amp: { precision: 'amp' },
  'amp, channels last': { precision: 'amp', channelsLast: true },
};

/**
 * PyTorch on what ours runs on: with as many threads, or on the GPU in each of its precisions.
 * @param backend ours
 */
export const pytorch = (workload, backend = 'wasm') =>
  backend === 'webgpu'
    ? Object.entries(ON_GPU).map(([name, how]) => peer(workload, `PyTorch, ${name}`, { device: 'cuda', ...how }))
    : [peer(workload, 'PyTorch', {})];

/** `CRLN_PYTHON` names another interpreter than the first that has torch. */
const peer = (workload, name, more) => ({
  name,
  peer: true,
  async start({ threads: count, backend: _, ...rest }, asked = workload) {
    const threads = String(count);
    const tried = [];
    // Debian's python3-torch belongs to /usr/bin/python3, which need not be the first on the path.
    for (const python of process.env.CRLN_PYTHON ? [process.env.CRLN_PYTHON] : ['python3', '/usr/bin/python3']) {
      const environment = { OMP_NUM_THREADS: threads, MKL_NUM_THREADS: threads, PYTHONDONTWRITEBYTECODE: '1' };
      const words = [serve, asked, threads, json({ ...rest, ...more })];
      const worker = await start(python, words, environment).catch(({ message }) => ({ first: { absent: message } }));
      if (!worker.first.absent) return worker;
      tried.push(`${python}: ${worker.first.absent}`);
    }
    return { absent: `no ${name} to compare with (${tried.join('; ')}); Debian: apt-get install python3-torch` };
  },
});

/** What ours ran on. */
export const describe = ({ tfBackend, kernelBuild, threads }) =>
  `@crln on ${tfBackend} (${kernelBuild}${threads ? `, ${threads} threads` : ''})`;
