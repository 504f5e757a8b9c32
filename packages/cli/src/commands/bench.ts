import type { Triple } from '@crln/core';
import type { BackendName } from '@crln/ops';
import type { Command } from '../command.js';
import { textTable } from '../table.js';
import { backend, precision, threads } from './flags.js';

const command: Command = {
  meta: { name: 'bench', description: 'Measure what convolutions and training steps cost on this machine' },
  args: {
    backend,
    precision,
    threads,
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
    });
    const only = args.text('only');
    note(`Backend ${started.backend.name} (${started.backend.kernelBuild}): ${started.reason}.`);
    const rows = [];
    async function* cases() {
      if (only !== 'steps') yield* convolutions(step.batch[0] + step.batch[1]);
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
export default command;
