import type { ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { stream } from '@crln/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { crlnProcess } from './process.js';
import { workspace } from './workspace.js';

const ITERATIONS = 16;
const KILLS = 6;

let space: Awaited<ReturnType<typeof workspace>>;
let start: (words: readonly string[]) => ChildProcess;
beforeAll(async () => {
  space = await workspace();
  start = await crlnProcess(space.at());
});
afterAll(() => space.remove());

// The last part is the same: a report is named after its run.
const folder = (name: string) => space.at(name, 'run');
const train = (name: string) => [
  ...[
    'train',
    '--data',
    'phantom',
    '--out',
    folder(name),
    '--labelled',
    '1',
    '--iterations',
    `${ITERATIONS}`,
    '--resume',
  ],
  ...['--patch', '8,8,8', '--base-filters', '2', '--levels', '2', '--set', 'saveEvery=4', '--set', 'logEvery=1'],
  ...['--set', 'data.phantom={"train":3,"val":0,"test":1,"shape":[16,12,8]}'],
  ...['--set', 'methods.crln={"prototypes":2,"anchors":8,"negatives":8,"warmUp":4}'],
];

interface Kill {
  /** Counted from the start of the process, or from the start of its training. */
  from: 'start' | 'training';
  /** Milliseconds; of a training that starts half-way, half of them. */
  delay: number;
}

/** Follows a process until it ends, or kills it. */
async function follow(child: ChildProcess, kill?: Kill) {
  const began = performance.now();
  const strike = (delay: number) => setTimeout(() => child.kill('SIGKILL'), delay);
  const timers = kill?.from === 'start' ? [strike(kill.delay)] : [];
  let said = '';
  let [trains, from] = [began, Number.NaN];
  child.stderr!.on('data', (text) => {
    said += text;
    const found = /iterations (\d+) to/.exec(said);
    if (!found || from >= 0) return;
    [trains, from] = [performance.now(), Number(found[1])];
    if (kill?.from === 'training') timers.push(strike(kill.delay * (1 - from / ITERATIONS)));
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done) => {
    child.on('close', (...how) => done(how));
  });
  timers.forEach(clearTimeout);
  return { code, signal, said, from, startUp: trains - began, training: performance.now() - trains };
}

/** Every file of a run by its path. */
async function contents(name: string): Promise<Map<string, Buffer>> {
  const paths = await readdir(folder(name), { recursive: true, withFileTypes: true });
  const files = paths.filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`);
  const read = files.sort().map(async (path) => [path.slice(folder(name).length), await readFile(path)] as const);
  return new Map(await Promise.all(read));
}

it('a run that is killed at any moment goes on, and ends in the same bytes', async () => {
  const whole = await follow(start(train('whole')));
  expect(whole, whole.said).toMatchObject({ code: 0, from: 0 });

  const rng = stream(2, 'kill');
  const starts: number[] = [];
  let killed = 0;
  for (let n = 0; n < KILLS; n++) {
    // One in three before or about when training begins.
    const from = n % 3 === 1 ? 'start' : 'training';
    const delay = rng.uniform() * (from === 'start' ? 1.2 * whole.startUp : 0.7 * whole.training);
    const hit = await follow(start(train('killed')), { from, delay });
    if (hit.signal === 'SIGKILL') killed++;
    else expect(hit, hit.said).toMatchObject({ code: 0 });
    if (hit.from >= 0) starts.push(hit.from);
  }
  const last = await follow(start(train('killed')));
  expect(last, last.said).toMatchObject({ code: 0 });
  starts.push(last.from);
  // The moments are drawn for this machine as it was a moment ago: some may miss.
  expect(killed).toBeGreaterThan(1);
  // What was saved is not trained again.
  expect(starts).toEqual([...starts].sort((a, b) => a - b));
  expect(starts.at(-1)).toBeGreaterThan(0);

  const [a, b] = [await contents('whole'), await contents('killed')];
  expect([...b.keys()]).toEqual([...a.keys()]);
  expect([...a.keys()]).toEqual(
    expect.arrayContaining(['/config.json', '/metrics.jsonl', `/checkpoints/${ITERATIONS}/model-student.safetensors`]),
  );
  const different = [...a].filter(([path, bytes]) => !bytes.equals(b.get(path)!)).map(([path]) => path);
  expect(different).toEqual([]);
}, 120_000);
