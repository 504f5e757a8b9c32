import type { Command } from '../command.js';
import { backend, precision, threads, tiles } from './flags.js';

const command: Command = {
  meta: { name: 'train', description: 'Train a network on a folder of volumes, some of them labelled' },
  args: {
    data: {
      type: 'string',
      valueHint: 'DIR',
      description: "A folder with images/ and labels/ (an image without a label is unlabelled), or 'phantom'",
    },
    out: {
      type: 'string',
      required: true,
      valueHint: 'RUN',
      description: 'Folder of the run: a new one, or see below',
    },
    resume: { type: 'boolean', description: 'Go on from the last checkpoint of the run in --out' },
    overwrite: { type: 'boolean', description: 'Remove the run that is in --out' },
    recipe: {
      type: 'string',
      valueHint: 'la|pancreas|brats|FILE',
      description: "The published settings of a data set, or a file's; all else that is given goes over them",
    },
    config: { type: 'string', valueHint: 'FILE.json', description: 'Settings; flags and --set go over them' },
    set: { type: 'string', valueHint: 'key.path=value', description: 'Any setting by its path; may be repeated' },
    method: {
      type: 'string',
      valueHint: 'NAME',
      description: 'bcp, crln, cross-pseudo, mc-net, mean-teacher, supervised, ua-mt or urpc (default: crln)',
    },
    variant: { type: 'enum', options: ['reference', 'paper'], description: 'Preset of the method crln' },
    labelled: { type: 'string', valueHint: 'N', description: 'How many training cases show their label; 0.1: a tenth' },
    iterations: { type: 'string', valueHint: 'N', description: 'Training steps (default: 40000)' },
    patch: { type: 'string', valueHint: 'D,H,W', description: 'Voxels of a patch (default: 112,112,80)' },
    'base-filters': { type: 'string', valueHint: 'N', description: 'Channels of the first level (default: 16)' },
    levels: { type: 'string', valueHint: 'N', description: 'Down-samplings of the network (default: 4)' },
    batch: { type: 'string', valueHint: 'L,U', description: 'Labelled and unlabelled patches a step (default: 2,2)' },
    lr: { type: 'string', valueHint: 'X', description: 'Learning rate (default: 0.0025)' },
    spacing: {
      type: 'string',
      valueHint: 'median|native|x,y,z',
      description: 'Spacing in mm that cases are resampled to (default: median)',
    },
    backend,
    precision,
    threads,
    tiles,
    workers: {
      type: 'string',
      valueHint: 'N',
      description: 'Threads that load and augment, any number with the same result (default: 1)',
    },
    'eval-every': {
      type: 'string',
      valueHint: 'N',
      description: 'Steps between evaluations (default: at the end only)',
    },
    seed: { type: 'string', valueHint: 'N', description: 'Another seed is another run (default: 0)' },
  },
  examples: [
    'crln train --data phantom --out runs/first --iterations 300',
    'crln train --data data/heart --out runs/heart --labelled 8 --patch 96,96,64 --eval-every 2000',
    'crln train --data data/la --out runs/la --recipe la --labelled 8',
    'crln train --data data/la --out runs/small --recipe la --patch 64,64,48 --set methods.crln.xi=0.3',
    'crln train --data data/heart --out runs/base --method supervised --config heart.json --set optimizer.weightDecay=1e-4',
    'crln train --out runs/heart --resume',
  ],
  async run(context) {
    const { runTraining } = await import('../run/training.js');
    return runTraining(context);
  },
};
export default command;
