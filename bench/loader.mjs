// Batches a loader makes of cases in memory, with and without worker threads: `node bench/loader.mjs [--json] [--runs=7]`. What a step does
// not wait for is all that they take of it.
import { phantomAtria } from '@crln/data';
import { workerLoader } from '@crln/data/node';
import { ours } from './lib/contestants.mjs';
import { suite } from './lib/suite.mjs';

const BATCHES = 10;

/** Ten batches of 2 + 2 patches for CRLN, one after another. */
async function loading({ shape, patch, workers }) {
  const prepared = new Map(
    phantomAtria({ cases: 6, shape }).map(({ id, image, label }) => [
      id,
      { id, shape, image: Float32Array.from(image.data), label: Uint8Array.from(label.data) },
    ]),
  );
  const ids = [...prepared.keys()];
  const source = { labelled: ids.slice(0, 2), unlabelled: ids.slice(2), load: (id) => prepared.get(id) };
  const needs = { unlabelled: true, strong: true };
  const options = { seed: 0, patch, batch: [2, 2], needs, augmentation: { weak: {}, strong: {} } };
  const loader = workerLoader({ workers })(source, options);
  let iteration = 0;
  const run = async () => {
    for (let n = 0; n < BATCHES; n++) await loader.batch(iteration++);
    return iteration;
  };
  return { run, about: workers ? `${workers} worker threads` : 'the thread that asks' };
}

const contestant = (workers) => ({ ...ours('loader', `${workers} workers`), options: () => ({ workers }) });

await suite({
  name: 'loader',
  prepare: loading,
  cases: [
    { name: '10 batches, la-quarter', shape: [48, 36, 22], patch: [32, 32, 16], warmUp: 5, runs: 15 },
    { name: '10 batches, left atrium', shape: [176, 176, 88], patch: [112, 112, 80], warmUp: 1, runs: 5 },
  ],
  contestants: () => [contestant(0), contestant(1), contestant(2)],
});
