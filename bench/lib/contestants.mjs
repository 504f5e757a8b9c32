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

/** PyTorch, with as many threads as ours has. `CRLN_PYTHON` names another interpreter than the first that has torch. */
export const pytorch = (workload) => ({
  name: 'PyTorch',
  peer: true,
  async start({ threads: count, ...rest }) {
    const threads = String(count);
    const tried = [];
    // Debian's python3-torch belongs to /usr/bin/python3, which need not be the first on the path.
    for (const python of process.env.CRLN_PYTHON ? [process.env.CRLN_PYTHON] : ['python3', '/usr/bin/python3']) {
      const environment = { OMP_NUM_THREADS: threads, MKL_NUM_THREADS: threads, PYTHONDONTWRITEBYTECODE: '1' };
      const worker = await start(python, [serve, workload, threads, json(rest)], environment).catch(({ message }) => ({
        first: { absent: message },
      }));
      if (!worker.first.absent) return worker;
      tried.push(`${python}: ${worker.first.absent}`);
    }
    return { absent: `no PyTorch to compare with (${tried.join('; ')}); Debian: apt-get install python3-torch` };
  },
});

/** What ours ran on. */
export const describe = ({ kernelBuild, threads }) => `@crln on crln-wasm (${kernelBuild}, ${threads} threads)`;
