import type { Io } from '../src/io.js';
import { main } from '../src/main.js';

/** What one `crln …` said and how it ended. */
export interface Outcome {
  code: number;
  out: string;
  err: string;
  /** Standard output as JSON; throws where it is not exactly one document. */
  json(): Record<string, unknown>;
}

/** Runs `crln` in this process with captured streams. */
export async function crln(
  words: readonly string[],
  options: { signal?: AbortSignal; terminal?: boolean } = {},
): Promise<Outcome> {
  let out = '';
  let err = '';
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    terminal: options.terminal ?? false,
    colours: false,
    signal: options.signal ?? new AbortController().signal,
  };
  const code = await main(words, io);
  return { code, out, err, json: () => JSON.parse(out) };
}
