import { useBackend } from '@crln/ops';
import { benchmarkMethod, findMethod } from '@crln/train';
import { describe } from '../lib/contestants.mjs';

/** One step of the method once its warm-up is over, `batch` labelled and as many unlabelled patches; augmentation excluded. */
export async function crlnStep({
  base,
  levels,
  patch,
  batch,
  threads,
  method = 'crln',
  backend: name = 'wasm',
  precision,
}) {
  const backend = await useBackend(name, { threads, precision });
  const settings = {
    ...{ patch, batch: [batch, batch] },
    network: { baseFilters: base, levels },
    optimizer: { learningRate: 0.01 },
  };
  return { run: benchmarkMethod({ method: findMethod(method), settings }).step, about: describe(backend) };
}
