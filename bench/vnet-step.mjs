// A V-Net training step against PyTorch: `node bench/vnet-step.mjs [--json] [--batch=4] [--patch=64,64,32] [--base=16] [--levels=4]
// [--threads=2]`.
import { ours, pytorch } from './lib/contestants.mjs';
import { suite } from './lib/suite.mjs';
import { vnetStep } from './workloads/vnetStep.mjs';

await suite({
  name: 'vnet-step',
  prepare: vnetStep,
  cases: [
    { name: 'V-Net step', base: 16, levels: 4, patch: [64, 64, 32], batch: 4, warmUp: 2, runs: 7 },
    { name: 'V-Net step, la-quarter', base: 8, levels: 3, patch: [32, 32, 16], batch: 2, warmUp: 10, runs: 21 },
  ],
  contestants: (backend) => [ours('vnet-step'), ...pytorch('vnet_step', backend)],
});
