import { cpus, freemem, totalmem } from 'node:os';
import { type BackendReport, inspectBackends } from '@crln/ops';
import type { Command } from '../command.js';
import { packageVersions } from '../run/environment.js';

const command: Command = {
  meta: { name: 'doctor', description: 'Say what this machine can run: backends, GPU, versions' },
  args: {},
  examples: ['crln doctor --json'],
  async run({ print }) {
    const [cpu] = cpus();
    const machine = {
      system: `${process.platform} ${process.arch}`,
      processor: cpu?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
      freeMemoryGiB: Number((freemem() / 2 ** 30).toFixed(1)),
    };
    const backends = await inspectBackends();
    const versions = packageVersions();
    print(
      `${machine.system}, ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB of memory, ${machine.freeMemoryGiB} GiB free`,
    );
    for (const backend of backends) for (const line of linesOf(backend)) print(line);
    print();
    for (const [name, version] of Object.entries(versions)) print(`${name.padEnd(24)}${version}`);
    return { machine, backends, versions };
  },
};
export default command;

function linesOf({ name, available, reason, details }: BackendReport): string[] {
  const threads = details.threads === undefined ? '' : `, ${details.threads} threads`;
  const lines = ['', `${available ? 'yes' : 'no '}  ${name}: ${reason}${threads}`];
  for (const [key, value] of Object.entries(details)) {
    if (key === 'threads' || value === '') continue;
    if (key === 'limits') {
      for (const [limit, most] of Object.entries(value as object)) lines.push(`       ${limit.padEnd(44)}${most}`);
    } else lines.push(`     ${key}: ${Array.isArray(value) ? list(value) : value}`);
  }
  return lines;
}

const list = (values: unknown[]): string =>
  values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(', ') || 'none';
