import { readdir } from 'node:fs/promises';
import { CrlnError, type Triple } from '@crln/core';
import { phantomDataset } from '@crln/data';
import { writeDataset } from '@crln/data/node';
import type { Command } from '../command.js';

const command: Command = {
  meta: { name: 'phantom', description: 'Write a data set of phantom left atria as NIfTI files' },
  args: {
    out: { type: 'string', required: true, valueHint: 'DIR', description: 'A new or empty folder' },
    train: { type: 'string', valueHint: 'N', default: '40', description: 'Training cases' },
    labelled: { type: 'string', valueHint: 'N', default: '4', description: 'How many of them show their label' },
    val: { type: 'string', valueHint: 'N', default: '4', description: 'Validation cases' },
    test: { type: 'string', valueHint: 'N', default: '12', description: 'Test cases' },
    shape: { type: 'string', valueHint: 'D,H,W', default: '48,36,24', description: 'Voxels of a case' },
    classes: { type: 'enum', options: ['2', '3'], default: '2', description: 'With 3, the veins are a class' },
    seed: { type: 'string', valueHint: 'N', default: '0', description: 'Another seed is another population' },
  },
  examples: ['crln phantom --out data/phantom', 'crln phantom --out data/veins --classes 3 --train 20 --seed 1'],
  async run({ args, io, print }) {
    const out = args.required('out');
    const count = (name: string) => args.number(name, { min: 0, whole: true })!;
    const set = phantomDataset({
      train: count('train'),
      labelled: count('labelled'),
      val: count('val'),
      test: count('test'),
      shape: args.numbers('shape', 3, { min: 8 }) as Triple,
      classes: Number(args.text('classes')) as 2 | 3,
      seed: args.number('seed', { whole: true })!,
    });
    const there = await readdir(out).catch(() => []);
    if (there.length > 0) {
      throw new CrlnError(
        'file-access',
        `${out} is not empty (${there.slice(0, 3).join(', ')}): choose another folder`,
        {
          path: out,
        },
      );
    }
    async function* cases() {
      for (const id of set.cases()) {
        if (io.signal.aborted) throw new CrlnError('aborted', 'stopped');
        yield await set.load(id);
      }
    }
    await writeDataset(out, cases(), set.splits);
    print(`Wrote ${set.cases().length} cases to ${out}.`);
    return { folder: out, cases: set.cases().length, splits: set.splits };
  },
};
export default command;
