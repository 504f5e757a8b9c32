import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CrlnError, isCrlnError } from '@crln/core';
import { axisCodes, labelCounts, type Volume } from '@crln/data';
import { openFolder, readVolume } from '@crln/data/node';
import type { Command } from '../command.js';

const command: Command = {
  meta: { name: 'info', description: 'Say what a volume, a data set folder or a run folder is' },
  args: { path: { type: 'positional', required: true, description: 'A volume (.nii, .nii.gz, .h5), or a folder' } },
  examples: ['crln info scan.nii.gz', 'crln info data/heart', 'crln info runs/first --json'],
  async run({ args, print }) {
    const path = args.required('path');
    const facts = (await isFolder(path))
      ? (await exists(join(path, 'config.json')))
        ? await runFacts(path)
        : await folderFacts(path)
      : await volumeFacts(path);
    const width = Math.max(...Object.keys(facts).map((key) => key.length));
    for (const [key, value] of Object.entries(facts)) print(`${key.padEnd(width)}  ${text(value)}`);
    return facts;
  },
};
export default command;

type Facts = Record<string, unknown>;

async function volumeFacts(path: string): Promise<Facts> {
  const volume = await readVolume(path);
  const { shape, spacing, affine, dtype, header } = volume;
  let low = Infinity;
  let high = -Infinity;
  let sum = 0;
  let notFinite = 0;
  for (const v of volume.data) {
    if (!Number.isFinite(v)) notFinite++;
    else {
      if (v < low) low = v;
      if (v > high) high = v;
      sum += v;
    }
  }
  const finite = volume.data.length - notFinite;
  return {
    kind: 'volume',
    file: path,
    format: header?.format ?? 'unknown',
    shape,
    spacingMm: spacing,
    orientation: axisCodes(affine),
    affine: [0, 1, 2, 3].map((row) => affine.slice(4 * row, 4 * row + 4)),
    dtype,
    ...(finite > 0 && { min: low, max: high, mean: sum / finite }),
    ...(notFinite > 0 && { notFiniteVoxels: notFinite }),
    ...labelFacts(volume, path),
  };
}

/** Voxels a value, where the values look like labels: whole numbers, few. */
function labelFacts(volume: Volume, path: string): Facts {
  try {
    const counts = labelCounts(volume, path);
    return counts.size <= 16 ? { voxelsByValue: Object.fromEntries([...counts].sort(([a], [b]) => a - b)) } : {};
  } catch (error) {
    if (isCrlnError(error, 'invalid-data')) return {};
    throw error;
  }
}

async function folderFacts(path: string): Promise<Facts> {
  const set = await openFolder(path);
  const first = await set.load(set.cases()[0]!);
  return {
    kind: 'data set',
    folder: path,
    cases: set.cases().length,
    withLabel: set.labelled.length,
    withoutLabel: set.unlabelled.length,
    splits: Object.fromEntries(Object.entries(set.splits).map(([name, list]) => [name, list.length])),
    firstCase: first.id,
    firstShape: first.image.shape,
    firstSpacingMm: first.image.spacing,
    ...(set.recipe && { recipe: set.recipe }),
  };
}

/** A run's configuration, and how far it has come. */
async function runFacts(path: string): Promise<Facts> {
  const { readPointers, readRunConfig } = await import('@crln/train');
  const { folderStore } = await import('@crln/train/node');
  const store = await folderStore(path, { readOnly: true });
  const config = await readRunConfig(store);
  const pointers = await readPointers(store);
  return { kind: 'run', folder: path, ...config, ...pointers };
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw new CrlnError('file-not-found', `${path}: there is no such file or folder`, { path }, { cause });
  }
}

function text(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toPrecision(6);
  if (Array.isArray(value) && value.every((v) => typeof v === 'number')) return value.map(text).join(' × ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
