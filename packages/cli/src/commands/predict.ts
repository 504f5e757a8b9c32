import type { Command } from '../command.js';
import { backend, checkpoint, precision, set, threads, tiles } from './flags.js';

const command: Command = {
  meta: {
    name: 'predict',
    description: 'Segment volumes with a run; labels come on the grid and with the values of its data',
  },
  args: {
    run: { type: 'string', required: true, valueHint: 'RUN', description: 'Folder of the run' },
    input: { type: 'string', required: true, valueHint: 'FILE|DIR', description: 'A volume, or a folder of volumes' },
    output: {
      type: 'string',
      required: true,
      valueHint: 'FILE|DIR',
      description: 'Labels as .nii or .nii.gz, or a folder',
    },
    probabilities: {
      type: 'string',
      valueHint: 'FILE|DIR',
      description: 'Also write class probabilities, as 4-D volumes',
    },
    checkpoint,
    backend,
    precision,
    threads,
    tiles,
    set: set('evaluation.overlap=0.5'),
  },
  examples: [
    'crln predict --run runs/first --input scan.nii.gz --output scan-label.nii.gz',
    'crln predict --run runs/first --input data/new --output predictions --probabilities maps',
  ],
  async run(context) {
    const { runPrediction } = await import('../run/prediction.js');
    return runPrediction(context);
  },
};
export default command;
