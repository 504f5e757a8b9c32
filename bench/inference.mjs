// Sliding-window inference of a volume against PyTorch: `node bench/inference.mjs [--json] [--patch=48,48,48] [--base=16] [--levels=4]`.
import { ours, pytorch } from './lib/contestants.mjs';
import { suite } from './lib/suite.mjs';
import { inference } from './workloads/inference.mjs';

const volume = [96, 96, 96];
const patch = [48, 48, 48];

await suite({
  name: 'inference',
  prepare: inference,
  cases: [{ name: 'V-Net inference', base: 16, levels: 4, volume, patch, overlap: 0.5, batch: 1, warmUp: 1, runs: 5 }],
  contestants: [ours('inference'), pytorch('inference')],
});
