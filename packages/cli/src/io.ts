/** Where a command's words go. */
export interface Io {
  /** Results: standard output. */
  out(text: string): void;
  /** Progress, warnings and errors: standard error. */
  err(text: string): void;
  /** Whether standard error is a terminal: then progress is a bar, else lines. */
  terminal: boolean;
  /** Whether standard output shows colours. */
  colours: boolean;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

/** A reader that has seen enough (`crln info FILE | head`) is no fault; work that goes on loses its words only. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/**
 * The process's own streams. The first Ctrl-C (or SIGTERM) aborts the signal, so that work stops at a safe point; the second
 * ends the process at once.
 */
export function processIo(): Io & { close(): void } {
  const abort = new AbortController();
  const interrupt = () => {
    if (abort.signal.aborted) process.exit(130);
    process.stderr.write('\nStopping after this step; press Ctrl-C again to stop at once.\n');
    abort.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  for (const stream of [process.stdout, process.stderr]) {
    // Stays for good: a write that fails is told after the command has ended.
    if (!stream.listeners('error').includes(ignoreClosedPipe)) stream.on('error', ignoreClosedPipe);
  }
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    terminal: process.stderr.isTTY === true,
    colours: process.stdout.isTTY === true,
    signal: abort.signal,
    close() {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
}
