import type { Command } from '../command.js';
import { backend, checkpoint, precision, set, threads, tiles } from './flags.js';

const command: Command = {
  meta: { name: 'evaluate', description: 'Score a run on cases with labels, on their own grids' },
  args: {
    run: { type: 'string', required: true, valueHint: 'RUN', description: 'Folder of the run' },
    data: { type: 'string', valueHint: 'DIR', description: "Another data set than the run's own" },
    split: {
      type: 'enum',
      options: ['test', 'val', 'train', 'labelled', 'all'],
      default: 'test',
      description: 'Cases',
    },
    checkpoint,
    backend,
    precision,
    threads,
    tiles,
    set: set('evaluation.stride=[18,18,4]'),
  },
  examples: [
    'crln evaluate --run runs/first',
    'crln evaluate --run runs/first --split val --checkpoint best --json',
    'crln evaluate --run runs/first --data data/other-hospital --split all',
  ],
  async run(context) {
    const { runEvaluation } = await import('../run/evaluation.js');
    return runEvaluation(context);
  },
};
export default command;
