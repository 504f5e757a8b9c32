import { stripVTControlCharacters } from 'node:util';
import { renderUsage } from 'citty';
import type { Command } from './command.js';

/** The help text of a command, examples last. */
export async function commandUsage(command: Command, colours: boolean): Promise<string> {
  const usage = await renderUsage({ meta: command.meta, args: command.args }, { meta: { name: 'crln' } });
  const text = `${usage}\nEXAMPLES\n\n${command.examples.map((example) => `  ${example}`).join('\n')}\n`;
  return colours ? text : stripVTControlCharacters(text);
}

/** The help text of `crln` itself. */
export function rootUsage(version: string, commands: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  return `crln ${version}: semi-supervised segmentation of 3-D medical images

USAGE  crln <command> [options]

COMMANDS

${Object.entries(commands)
  .map(([name, description]) => `  ${name.padEnd(width)}  ${description}`)
  .join('\n')}

EXAMPLES

  crln train --data phantom --out runs/first --labelled 4 --iterations 300
  crln evaluate --run runs/first
  crln predict --run runs/first --input scan.nii.gz --output scan-label.nii.gz
  crln <command> --help

Every command takes --json: one JSON document on standard output and nothing else.
Exit codes: 0 done, 1 the work failed, 2 wrong usage, 130 interrupted.
`;
}
