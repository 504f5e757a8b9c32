import { nearest } from '@crln/core';
import { type ArgsDef, parseArgs } from 'citty';
import { Args, UsageError } from './command.js';

/** Arguments that may be given more than once. */
const REPEATED = new Set(['set', 'runs']);

const kebab = (name: string) => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

/**
 * Checks and parses the words after a command's name. citty alone lets unknown flags and missing values pass.
 *
 * @throws UsageError naming the flag, and the nearest one where it is unknown
 */
export function parseArguments(words: readonly string[], definitions: ArgsDef): Args {
  const names = Object.keys(definitions).filter((name) => definitions[name]!.type !== 'positional');
  const positionals = Object.keys(definitions).filter((name) => definitions[name]!.type === 'positional');
  const repeated: Record<string, string[]> = {};
  const kept: string[] = [];
  const seen = new Set<string>();
  let positional = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith('-') || word === '-') {
      const last = positionals.at(-1);
      if (last !== undefined && REPEATED.has(last) && positional >= positionals.length - 1) {
        repeated[last] = [...(repeated[last] ?? []), word];
      } else if (positional >= positionals.length) throw new UsageError(`unexpected argument '${word}'`);
      positional++;
      kept.push(word);
      continue;
    }
    const [flag, inline] = split(word);
    const name = kebab(flag.replace(/^--?/, ''));
    const definition = word.startsWith('--') ? definitions[name] : undefined;
    const negated = name.startsWith('no-') && definitions[name.slice(3)]?.type === 'boolean';
    if ((!definition || definition.type === 'positional') && !negated) {
      const like = nearest(name, [...names, 'help']);
      throw new UsageError(`unknown flag '${flag}'; did you mean '--${like}'?`);
    }
    if (definition?.type === 'boolean' || negated) {
      if (inline !== undefined) throw new UsageError(`${flag} takes no value, got '${inline}'`);
      kept.push(`--${name}`);
      continue;
    }
    const value = inline ?? words[++i];
    if (value === undefined || (inline === undefined && value.startsWith('--'))) {
      throw new UsageError(`${flag} needs a value`);
    }
    if (REPEATED.has(name)) {
      repeated[name] = [...(repeated[name] ?? []), value];
      continue;
    }
    if (seen.has(name)) throw new UsageError(`${flag} is given twice`);
    seen.add(name);
    kept.push(`--${name}=${value}`);
  }
  const parsed = parseArgs(kept, definitions);
  const values: Record<string, string | boolean | string[] | undefined> = { ...repeated };
  // citty's record answers to camel case and kebab case alike; here a value has one name, its definition's.
  for (const name of Object.keys(definitions)) values[name] ??= parsed[name] as string | boolean | undefined;
  return new Args(values);
}

function split(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}
