import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CrlnError } from '@crln/core';
import type { Volume } from '@crln/data';
import { readVolume, volumesIn, writeVolume } from '@crln/data/node';
import { type Context, UsageError } from '../command.js';
import { startProgress } from '../progress.js';
import { openTrained, overSettings } from './trained.js';

interface Job {
  id: string;
  input: string;
  output: string;
  probabilities: string | undefined;
}

/** `crln predict`: segments volumes; every path is checked before the network is opened. */
export async function runPrediction(context: Context): Promise<unknown> {
  const { args, io, print } = context;
  const jobs = await jobsOf(args.required('input'), args.required('output'), args.text('probabilities'));
  const trained = await openTrained(args.required('run'), args.text('checkpoint')!, overSettings(args));
  const written: string[] = [];
  const progress = await startProgress(context, jobs.length, 0, args.flag('json'));
  try {
    for (const { input, output, probabilities } of jobs) {
      if (io.signal.aborted) throw new CrlnError('aborted', `stopped after ${written.length} volumes`);
      const found = await trained.predict(await readVolume(input), {
        probabilities: probabilities !== undefined,
        largestComponent: trained.settings.evaluation.largestComponent,
        signal: io.signal,
      });
      await writeVolume(output, found.labels);
      if (probabilities !== undefined) await writeVolume(probabilities, found.probabilities as Volume);
      written.push(output);
      progress.update(written.length, output);
    }
  } finally {
    progress.stop();
    trained.dispose();
  }
  for (const path of written) print(`Wrote ${path}`);
  return { run: args.text('run'), iteration: trained.iteration, written };
}

/** What to read and where to write it, with every path checked before work starts. */
async function jobsOf(input: string, output: string, probabilities: string | undefined): Promise<Job[]> {
  const found = await stat(input).catch(() => undefined);
  if (!found) throw new CrlnError('file-not-found', `${input}: there is no such file or folder`, { path: input });
  if (!found.isDirectory()) {
    for (const path of [output, probabilities]) {
      if (path === undefined) continue;
      if (!/\.nii(\.gz)?$/i.test(path))
        throw new UsageError(`${path}: the output of one volume must end in .nii or .nii.gz`);
      await assertWritable(dirname(path));
    }
    return [{ id: input, input, output, probabilities }];
  }
  const volumes = (await volumesIn(input))!;
  if (volumes.size === 0) {
    throw new CrlnError('invalid-data', `${input}: it has no .nii, .nii.gz or .h5 files`, { path: input });
  }
  for (const folder of [output, probabilities]) {
    if (folder === undefined) continue;
    await mkdir(folder, { recursive: true }).catch((error: Error) => {
      throw unwritable(folder, error);
    });
    await assertWritable(folder);
  }
  return [...volumes].map(([id, path]) => ({
    id,
    input: path,
    output: join(output, `${id}.nii.gz`),
    probabilities: probabilities && join(probabilities, `${id}.nii.gz`),
  }));
}

async function assertWritable(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: Error) => {
    throw unwritable(folder, error);
  });
  if (!found.isDirectory()) throw unwritable(folder, new Error('it is a file, not a folder'));
  await access(folder, constants.W_OK).catch((error: Error) => {
    throw unwritable(folder, error);
  });
}

const unwritable = (path: string, cause: Error): CrlnError =>
  new CrlnError('file-access', `${path}: cannot be written to (${reasonOf(cause)})`, { path }, { cause });

function reasonOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such folder';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return 'permission denied';
  return code === 'EEXIST' || code === 'ENOTDIR' ? 'a file stands in the way' : error.message;
}
