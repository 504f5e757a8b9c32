import { readFile } from 'node:fs/promises';
import { CrlnError } from '@crln/core';
import { UsageError } from './command.js';

/** Settings as a file has them: names to values, nested. */
export type Settings = { [key: string]: unknown };

/** Reads a configuration file. @throws CrlnError `file-not-found`, `file-format` naming the file */
export async function readSettings(file: string): Promise<Settings> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CrlnError(
      missing ? 'file-not-found' : 'file-access',
      missing ? `${file}: there is no such configuration file` : `${file}: ${(cause as Error).message}`,
      { file },
      { cause },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CrlnError('file-format', `${file} is not JSON: ${(cause as Error).message}`, { file }, { cause });
  }
  if (!isSettings(value)) {
    throw new CrlnError('file-format', `${file}: expected a JSON object of settings, got ${JSON.stringify(value)}`, {
      file,
    });
  }
  return value;
}

/** `over` laid over `base`: objects are merged, anything else replaced. Neither is changed. */
export function mergeSettings(base: Settings, over: Settings): Settings {
  const out: Settings = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = out[key];
    out[key] = isSettings(below) && isSettings(value) ? mergeSettings(below, value) : value;
  }
  return out;
}

/**
 * The settings that `--set key.path=value` words say. A value is JSON where it parses as such (numbers, `true`, `[1,2]`), else text.
 *
 * @throws UsageError for a word without `=` or with an empty name in its path
 */
export function settingsOf(words: readonly string[]): Settings {
  let all: Settings = {};
  for (const word of words) {
    const at = word.indexOf('=');
    const path = word.slice(0, Math.max(at, 0)).split('.');
    if (at < 0 || path.some((key) => key === '' || key === '__proto__')) {
      throw new UsageError(`--set: expected key.path=value, got '${word}'`);
    }
    all = mergeSettings(all, settingAt(path, parseValue(word.slice(at + 1))));
  }
  return all;
}

/** { a: { b: value } } for the path [a, b]. */
export const settingAt = (path: readonly string[], value: unknown): Settings =>
  path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Settings;

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const isSettings = (value: unknown): value is Settings =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
