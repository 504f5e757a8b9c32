import { CrlnError } from '@crln/core';
import { type CaseFact, checkPrepared, type PrepareReport, prepareDataset } from '@crln/data/node';
import { type Command, type Context, UsageError } from '../command.js';
import { type Progress, startProgress } from '../progress.js';

/** Protocols of a benchmark by the value of `--protocol`; the first is the default. */
const BENCHMARKS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  la: { 'ua-mt': 'la' },
  pancreas: { 'mc-net': 'pancreas', coranet: 'pancreas-coranet' },
  brats: { ssl4mis: 'brats' },
};

const command: Command = {
  meta: { name: 'prepare', description: 'Make a data set folder of a benchmark’s raw data, or check one' },
  args: {
    benchmark: { type: 'positional', required: true, description: Object.keys(BENCHMARKS).join(', ') },
    from: { type: 'string', valueHint: 'RAW', description: 'The raw data' },
    out: {
      type: 'string',
      required: true,
      valueHint: 'DIR',
      description: 'The prepared folder; a stopped one goes on',
    },
    protocol: {
      type: 'string',
      valueHint: 'NAME',
      description: 'pancreas: mc-net (62/20, default) or coranet (62/18)',
    },
    seed: { type: 'string', valueHint: 'N', default: '0', description: 'Of the margins that la draws' },
    workers: { type: 'string', valueHint: 'N', description: 'Threads; default one a core' },
    partial: { type: 'boolean', description: 'Prepare what is there where cases are missing' },
    'label-flip': {
      type: 'string',
      valueHint: 'AXES',
      description: 'pancreas: how label files are turned: none, y, …',
    },
    check: { type: 'boolean', description: 'Only compare DIR with the protocol, and list every difference' },
  },
  examples: [
    'crln prepare la --from "2018LA_Seg_Training Set" --out data/la',
    'crln prepare pancreas --from Pancreas-CT --out data/pancreas --protocol coranet',
    'crln prepare brats --from MICCAI_BraTS_2019_Data_Training --out data/brats',
    'crln prepare la --out data/la --check',
  ],
  run: (context) => (context.args.flag('check') ? check(context) : prepare(context)),
};
export default command;

/** @throws UsageError naming what there is */
function protocolName({ args }: Context): string {
  const benchmark = args.required('benchmark');
  const protocols = Object.hasOwn(BENCHMARKS, benchmark) ? BENCHMARKS[benchmark] : undefined;
  if (!protocols)
    throw new UsageError(`there is no benchmark '${benchmark}'; expected one of ${Object.keys(BENCHMARKS).join(', ')}`);
  const [first] = Object.keys(protocols) as [string];
  const wanted = args.text('protocol') ?? first;
  const name = Object.hasOwn(protocols, wanted) ? protocols[wanted] : undefined;
  if (name) return name;
  throw new UsageError(
    `--protocol: ${benchmark} has no protocol '${wanted}'; expected ${Object.keys(protocols).join(' or ')}`,
  );
}

async function prepare(context: Context): Promise<unknown> {
  const { args, io, print, note } = context;
  const protocol = protocolName(context);
  const from = args.text('from');
  if (from === undefined) throw new UsageError('--from is missing: where the raw data lies');
  const out = args.required('out');
  const workers = args.number('workers', { min: 1, whole: true });
  const labelFlip = args.text('label-flip');
  const begun = performance.now();
  let starting: Promise<Progress> | undefined;
  let report: PrepareReport;
  try {
    report = await prepareDataset({
      ...{ protocol, from, out, seed: args.number('seed', { min: 0, whole: true })!, partial: args.flag('partial') },
      ...(workers !== undefined && { workers }),
      ...(labelFlip !== undefined && { labelFlip }),
      signal: io.signal,
      async onCase({ id, done, total, fact, error }) {
        starting ??= startProgress(context, total, 0, false);
        const progress = await starting;
        if (error !== undefined) progress.say(`✗ ${error instanceof Error ? error.message : error}`);
        for (const text of fact?.notes ?? []) if (text.startsWith('its spacing')) progress.say(`${id}: ${text}`);
        progress.update(done, `${fact ? 'made' : error === undefined ? 'kept' : 'failed'} ${id}`);
      },
    });
  } finally {
    (await starting)?.stop();
  }
  const seconds = (performance.now() - begun) / 1000;
  const { made, kept, missing, others, manifest } = report;
  print(`${out}: ${made.length} cases made, ${kept.length} were there (${seconds.toFixed(1)} s).`);
  if (missing.length > 0)
    note(
      `${missing.length} cases of the splits are missing: ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ', …' : ''}`,
    );
  if (others.length > 0) note(`${others.length} cases of the raw data are in no split and were left alone.`);
  const facts = summary(Object.values(manifest.cases));
  for (const line of statistics(facts)) print(line);
  print(`Train on it: crln train --data ${out} --recipe ${args.required('benchmark')} --out RUN`);
  return {
    folder: out,
    protocol,
    made,
    kept,
    missing,
    others,
    seconds,
    statistics: facts,
  };
}

const range = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];

function summary(cases: readonly CaseFact[]) {
  const spacings = new Map<string, number>();
  for (const { spacing } of cases) {
    const text = spacing.map((mm) => Number(mm.toPrecision(4))).join(' × ');
    spacings.set(text, (spacings.get(text) ?? 0) + 1);
  }
  return {
    shape: [0, 1, 2].map((axis) => range(cases.map(({ shape }) => shape[axis]!))),
    foreground: range(cases.map(({ foreground }) => foreground)),
    meanForeground: cases.reduce((sum, { foreground }) => sum + foreground, 0) / cases.length,
    intensities: range(cases.map(({ intensities }) => intensities)),
    casesBySpacing: Object.fromEntries(spacings),
  };
}

/** What a reader wants to compare with what is published; spacings that differ are listed, not averaged. */
function statistics({
  shape,
  foreground,
  meanForeground,
  intensities,
  casesBySpacing,
}: ReturnType<typeof summary>): string[] {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const spacings = Object.entries(casesBySpacing).map(([text, count]) => `${text} mm (${count})`);
  return [
    `  shape        ${shape.map(([low, high]) => (low === high ? low : `${low}–${high}`)).join(' × ')}`,
    `  spacing      ${spacings.join(', ')}`,
    `  foreground   ${percent(foreground[0])}–${percent(foreground[1])}, mean ${percent(meanForeground)}`,
    `  intensities  ${intensities[0]}–${intensities[1]} different values a case`,
  ];
}

async function check(context: Context): Promise<unknown> {
  const { args, io, print } = context;
  const name = protocolName(context);
  const out = args.required('out');
  const differences = await checkPrepared(out, name, { signal: io.signal });
  if (io.signal.aborted) throw new CrlnError('aborted', 'stopped');
  for (const { id, text } of differences) print(id === undefined ? text : `${id}: ${text}`);
  if (differences.length === 0) {
    print(`${out} is what ${name} says.`);
    return { folder: out, protocol: name, differences };
  }
  throw new CrlnError('invalid-data', `${out} differs from ${name} in ${differences.length} points`, { differences });
}
