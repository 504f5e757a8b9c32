import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isCrlnError } from '@crln/core';
import { axisCodes, labelCounts, PROTOCOLS, type Protocol, type Volume } from '@crln/data';
import { openFolder, readManifest, readVolume } from '@crln/data/node';
import type { Command } from '../command.js';

const command: Command = {
  meta: { name: 'info', description: 'Say what a volume, a data set folder, a run folder or a benchmark is' },
  args: {
    path: {
      type: 'positional',
      required: true,
      description: `A volume, a folder (data set, run, DICOM series), or ${Object.keys(PROTOCOLS).join(', ')}`,
    },
  },
  examples: ['crln info scan.nii.gz', 'crln info data/heart', 'crln info runs/first --json', 'crln info la'],
  async run({ args, print }) {
    const path = args.required('path');
    const facts = await factsOf(path);
    const width = Math.max(...Object.keys(facts).map((key) => key.length));
    const indent = `\n${' '.repeat(width + 2)}`;
    for (const [key, value] of Object.entries(facts)) {
      print(`${key.padEnd(width)}  ${text(value).replaceAll('\n', indent)}`);
    }
    return facts;
  },
};
export default command;

type Facts = Record<string, unknown>;

async function factsOf(path: string): Promise<Facts> {
  // A file of that name comes first.
  if (Object.hasOwn(PROTOCOLS, path) && !(await exists(path))) return protocolFacts(PROTOCOLS[path]!);
  if (!(await isFolder(path))) return volumeFacts(path);
  if (await exists(join(path, 'config.json'))) return runFacts(path);
  const isDataset = (await exists(join(path, 'images'))) || (await exists(join(path, 'cases')));
  // Of one that cannot be listed, reading says why.
  const isEmpty = (await readdir(path).catch(() => ['?'])).length === 0;
  return isDataset || isEmpty ? folderFacts(path) : volumeFacts(path);
}

/** What a benchmark is, how its data is prepared, who is in which list and who says so. */
function protocolFacts({ name, title, raw, steps, remarks, splits }: Protocol): Facts {
  const { origin, ...lists } = splits;
  return {
    kind: 'benchmark',
    name,
    title,
    raw,
    steps: steps.map((step, n) => `${n + 1}. ${step}`).join('\n'),
    remarks: remarks.join('\n'),
    splits: Object.fromEntries(Object.entries(lists).map(([key, list]) => [key, list.length])),
    origin,
    ...Object.fromEntries(Object.entries(lists).map(([key, list]) => [key, list.join(' ')])),
  };
}

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
    ...(header?.format === 'dicom' && header.notes.length > 0 && { notes: header.notes.join('\n') }),
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
    ...(await preparedFacts(path)),
  };
}

/** Of a folder that `crln prepare` made: by which protocol, and where its splits come from. */
async function preparedFacts(path: string): Promise<Facts> {
  const manifest = await readManifest(path);
  if (!manifest) return {};
  const protocol = Object.hasOwn(PROTOCOLS, manifest.protocol) ? PROTOCOLS[manifest.protocol] : undefined;
  return {
    protocol: manifest.protocol,
    seed: manifest.seed,
    ...(protocol && {
      title: protocol.title,
      splitsFrom: protocol.splits.origin,
      remarks: protocol.remarks.join('\n'),
    }),
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

const isFolder = (path: string): Promise<boolean> =>
  // Of what cannot be asked, reading says why.
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

function text(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toPrecision(6);
  if (Array.isArray(value) && value.every((v) => typeof v === 'number')) return value.map(text).join(' × ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
