import type { Context } from './command.js';

/** Shows how far some work is: a bar on a terminal, a line now and then otherwise. */
export interface Progress {
  update(done: number, text: string): void;
  /** A line that stays. */
  say(line: string): void;
  stop(): void;
}

/** Milliseconds between two lines where there is no terminal. */
const QUIET = 10_000;

/** @param from how much is done already */
export async function startProgress(
  { io, note }: Context,
  total: number,
  from: number,
  json: boolean,
): Promise<Progress> {
  if (json) return { update() {}, say() {}, stop() {} };
  if (!io.terminal) {
    let last = performance.now();
    return {
      update(done, text) {
        if (performance.now() - last < QUIET && done < total) return;
        last = performance.now();
        note(`${done}/${total}  ${text}`);
      },
      say: note,
      stop() {},
    };
  }
  const { default: cliProgress } = await import('cli-progress');
  const bar = new cliProgress.SingleBar({
    format: '{bar} {value}/{total}  {text}',
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  let at = from;
  let words = '';
  bar.start(total, from, { text: words });
  return {
    update(done, text) {
      at = done;
      words = text;
      bar.update(done, { text });
    },
    say(line) {
      // The bar owns its line: take it away, speak, and draw it again.
      bar.stop();
      note(line);
      bar.start(total, at, { text: words });
    },
    stop: () => bar.stop(),
  };
}
