import type { Triple } from '@crln/core';
import type { BackendName } from '@crln/ops';
import { type Command, type Context, UsageError } from '../command.js';
import type { StepOptions } from '../run/bench.js';
import { textTable } from '../table.js';
import { backend, precision, threads, tiles } from './flags.js';

const command: Command = {
  meta: { name: 'bench', description: 'Measure what convolutions and training steps cost on this machine' },
  args: {
    backend,
    precision,
    threads,
    tiles,
    tune: {
      type: 'string',
      valueHint: 'FILE.json',
      description: 'Measure what the kernels of the backend webgpu are best cut up by on this GPU, for --tiles',
    },
    only: { type: 'enum', options: ['conv3d', 'steps'], description: 'Only convolutions, or only training steps' },
    repeats: { type: 'string', valueHint: 'N', default: '5', description: 'Measurements, of which the median counts' },
    patch: { type: 'string', valueHint: 'D,H,W', default: '112,112,80', description: 'Voxels of a patch' },
    'base-filters': { type: 'string', valueHint: 'N', default: '16', description: 'Channels of the first level' },
    levels: { type: 'string', valueHint: 'N', default: '4', description: 'Down-samplings of the network' },
    batch: { type: 'string', valueHint: 'L,U', default: '2,2', description: 'Labelled and unlabelled patches a step' },
  },
  examples: [
    'crln bench --backend webgpu',
    'crln bench --only steps --patch 32,32,16 --base-filters 8 --levels 3',
    'crln bench --backend webgpu --json',
    'crln bench --backend webgpu --precision f16 --tune tiles.json',
  ],
  async run({ args, io, print, note }) {
    const { startBackend } = await import('../run/environment.js');
    const { convolutions, measure, trainingStep } = await import('../run/bench.js');
    const repeats = args.number('repeats', { min: 1, whole: true })!;
    const step = {
      patch: args.numbers('patch', 3, { min: 1 }) as Triple,
      batch: args.numbers('batch', 2, { min: 1 }) as [number, number],
      baseFilters: args.number('base-filters', { min: 1, whole: true })!,
      levels: args.number('levels', { min: 2, whole: true })!,
    };
    const started = await startBackend({
      name: (args.text('backend') ?? 'auto') as BackendName,
      precision: args.text('precision') as 'f32' | 'f16' | undefined,
      threads: args.number('threads', { min: 1, whole: true }),
      tiles: args.text('tiles'),
    });
    const only = args.text('only');
    note(`Backend ${started.backend.name} (${started.backend.kernelBuild}): ${started.reason}.`);
    const file = args.text('tune');
    if (file !== undefined) return tune(file, { step, repeats, adapter: started.adapter }, { io, print, note });
    const rows = [];
    async function* cases() {
      if (only !== 'steps') yield* convolutions(step);
      if (only !== 'conv3d') for (const method of ['supervised', 'crln']) yield trainingStep(method, step);
    }
    for await (const one of cases()) {
      try {
        if (io.signal.aborted) break;
        note(one.name);
        rows.push(await measure(one, repeats));
      } finally {
        one.dispose();
      }
    }
    const fixed = (value: number | undefined, digits: number) => value?.toFixed(digits) ?? '';
    print(
      textTable(
        ['', 'ms', 'best', 'CPU ms', 'GPU ms', 'TFLOP/s', 'dispatches', 'MiB on the GPU'],
        rows.map(({ name, ms, bestMs, cpuMs, gpuMs, tflops, dispatches, gpuMiB }) => [
          name,
          ...[ms, bestMs, cpuMs, gpuMs].map((value) => fixed(value, 2)),
          fixed(tflops, 3),
          fixed(dispatches, 0),
          fixed(gpuMiB, 0),
        ]),
      ),
    );
    return { backend: started.backend, threads: started.threads, repeats, step, rows };
  },
};

/** `--tune`: measures, shows what was found, and writes it. */
async function tune(
  file: string,
  { step, repeats, adapter }: { step: StepOptions; repeats: number; adapter: string | undefined },
  { io, print, note }: Pick<Context, 'io' | 'print' | 'note'>,
): Promise<unknown> {
  const { gpuTiles } = await import('@crln/ops');
  const { convolutions } = await import('../run/bench.js');
  const { gpuCost, saveTiles, tuneTiles } = await import('../run/tune.js');
  const tiles = await gpuTiles();
  if (!tiles || adapter === undefined)
    throw new UsageError('--tune measures kernels of the backend webgpu: add --backend webgpu');
  const cases = [...convolutions(step)];
  try {
    const { table, rows } = await tuneTiles(tiles, cases, { note, signal: io.signal, cost: gpuCost(repeats) });
    print(
      textTable(
        ['', '', 'taken', 'ms'],
        rows.map(({ question, choice, taken, ms }) => [question, choice, taken ? 'yes' : '', ms.toFixed(3)]),
        3,
      ),
    );
    await saveTiles(file, { adapter, date: new Date().toISOString(), step, tiles: table });
    note(`Wrote ${file}: give it to bench, train, evaluate and predict with --tiles.`);
    return { adapter, step, repeats, rows, tiles: table };
  } finally {
    for (const one of cases) one.dispose();
  }
}

export default command;
