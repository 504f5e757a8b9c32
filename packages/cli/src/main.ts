import { isCrlnError, nearest } from '@crln/core';
import { parseArguments } from './arguments.js';
import { type Command, UsageError } from './command.js';
import { type Io, processIo } from './io.js';
import { commandUsage, rootUsage } from './usage.js';
import { version } from './version.js';

/** Loaded when named, so that `crln --help` and `crln info` do not wait for TensorFlow.js. */
const COMMANDS: Readonly<Record<string, { description: string; load: () => Promise<{ default: Command }> }>> = {
  train: { description: 'Train a network on a folder of volumes', load: () => import('./commands/train.js') },
  evaluate: { description: 'Score a run on cases with labels', load: () => import('./commands/evaluate.js') },
  predict: { description: 'Segment volumes with a run', load: () => import('./commands/predict.js') },
  prepare: {
    description: 'Make a data set folder of a benchmark’s raw data',
    load: () => import('./commands/prepare.js'),
  },
  report: { description: 'Compare runs on one page', load: () => import('./commands/report.js') },
  metrics: { description: 'Compare label volumes', load: () => import('./commands/metrics.js') },
  info: { description: 'Say what a volume, a data set or a run is', load: () => import('./commands/info.js') },
  bench: { description: 'Measure this machine', load: () => import('./commands/bench.js') },
  doctor: { description: 'Say what this machine can run', load: () => import('./commands/doctor.js') },
  phantom: { description: 'Write a data set of phantom left atria', load: () => import('./commands/phantom.js') },
};

/**
 * Runs the `crln` command.
 *
 * @param argv the words after `crln`
 * @param io where its words go; the process's streams by default
 * @returns the exit code: 0 done, 1 the work failed, 2 wrong usage, 130 interrupted. Never rejects
 */
export async function main(argv: readonly string[], io?: Io): Promise<number> {
  const own = io ? undefined : processIo();
  try {
    return await dispatch(argv, io ?? own!);
  } finally {
    own?.close();
  }
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...words] = argv;
  const descriptions = Object.fromEntries(Object.entries(COMMANDS).map(([key, { description }]) => [key, description]));
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io.out(rootUsage(version, descriptions));
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    io.out(`${version}\n`);
    return 0;
  }
  const json = words.includes('--json');
  try {
    const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!entry)
      throw new UsageError(`there is no command '${name}'; did you mean '${nearest(name, Object.keys(COMMANDS))}'?`);
    const command = (await entry.load()).default;
    if (words.includes('--help') || words.includes('-h')) {
      io.out(await commandUsage(command, io.colours));
      return 0;
    }
    const definitions = {
      ...command.args,
      json: { type: 'boolean', description: 'One JSON document on standard output and nothing else' },
    } as const;
    const args = parseArguments(words, definitions);
    const result = await command.run({
      args,
      io,
      print: (line = '') => json || io.out(`${line}\n`),
      note: (line) => json || io.err(`${line}\n`),
    });
    if (json) io.out(`${JSON.stringify(result ?? {})}\n`);
    return io.signal.aborted ? 130 : 0;
  } catch (error) {
    return fail(error, name, json, io);
  }
}

/** One clear message; with `--json`, one document too. */
function fail(error: unknown, name: string, json: boolean, io: Io): number {
  const aborted = isCrlnError(error, 'aborted') || (io.signal.aborted && (error as Error)?.name === 'AbortError');
  // citty's own complaints about required arguments and choices
  const usage = error instanceof UsageError || (error as Error)?.name === 'CLIError';
  const wrongOption = isCrlnError(error, 'unknown-option');
  const exitCode = aborted ? 130 : usage || wrongOption ? 2 : 1;
  const message = error instanceof Error ? error.message : String(error);
  const code = isCrlnError(error) ? error.code : usage ? 'usage' : 'internal';
  if (json)
    io.out(`${JSON.stringify({ error: { code, message, ...(isCrlnError(error) && { fields: error.fields }) } })}\n`);
  io.err(`crln ${name}: ${message}\n`);
  if (usage) io.err(`Run 'crln ${name in COMMANDS ? `${name} ` : ''}--help' to see what there is.\n`);
  // An error that is not one of ours is a fault of this program: say where.
  if (code === 'internal' && error instanceof Error && error.stack) {
    io.err(`This is a fault of crln, please report it:\n${error.stack}\n`);
  }
  return exitCode;
}
