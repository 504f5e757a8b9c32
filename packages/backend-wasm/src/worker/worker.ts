import { Crew, PUBLISHED, type WorkerStart } from './protocol.js';

/** Turns without work before a worker goes to sleep: some ten microseconds, less than waking up takes. */
const PATIENCE = 2000;

/** A worker's whole life: waits for jobs on the shared memory and never returns. */
export function serve({ module, memory, control, names, thread }: WorkerStart): never {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const crew = new Crew(
    memory,
    control,
    names.map((name) => exports[name] as (...values: number[]) => void),
    thread,
  );
  const { words } = crew;
  let seen = 0;
  for (;;) {
    for (let turn = 0; turn < PATIENCE && Atomics.load(words, PUBLISHED) === seen; turn++);
    Atomics.wait(words, PUBLISHED, seen);
    seen = Atomics.load(words, PUBLISHED);
    crew.work();
  }
}
