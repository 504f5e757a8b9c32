// One contestant of a benchmark: a process of its own, so that its peak memory is its own, that runs its workload once for every line it
// reads and answers with a line of JSON. `serve` is the side inside a Node process; bench/peers/serve.py is the same in Python.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Answers until stdin ends. `prepare(options)` makes a function that runs the workload once, or `repeats` times, and says what it runs on. */
export async function serve(prepare, options) {
  const reply = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  const { run, about, flop, repeats = 1 } = await prepare(options);
  const peakBytes = () => process.resourceUsage().maxRSS * 1024;
  reply({ about, flop, peakBytes: peakBytes() });
  for await (const _ of createInterface({ input: process.stdin })) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const value = await run();
    const seconds = (performance.now() - start) / 1e3 / repeats;
    const { user, system } = process.cpuUsage(cpu);
    reply({ seconds, cpuSeconds: (user + system) / 1e6 / repeats, peakBytes: peakBytes(), value });
  }
}

/** Starts a contestant and waits for its first line. */
export async function start(command, args, env = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const failure = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`${command} ended (${code}) before it answered`)));
  });
  failure.catch(() => {});
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await Promise.race([lines.next(), failure]);
    return done ? failure : JSON.parse(value);
  };
  return {
    first: await answer(),
    /** Runs the workload once. */
    run: () => {
      child.stdin.write('run\n');
      return answer();
    },
    stop: () => child.stdin.end(),
  };
}
