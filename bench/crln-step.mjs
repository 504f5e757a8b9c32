// A step of CRLN after its warm-up, `--batch` labelled and as many unlabelled patches, against PyTorch, and against our own supervised step
// on as many patches: `node bench/crln-step.mjs [--json] [--batch=2] [--patch=32,32,16] [--base=8] [--levels=3]`.
import { ours, pytorch } from './lib/contestants.mjs';
import { suite } from './lib/suite.mjs';
import { crlnStep } from './workloads/crlnStep.mjs';

const vNet = { ...ours('vnet-step', 'our V-Net step'), options: ({ batch }) => ({ batch: 2 * batch }) };

await suite({
  name: 'crln-step',
  prepare: crlnStep,
  cases: [
    { name: 'CRLN step', base: 16, levels: 4, patch: [64, 64, 32], batch: 2, warmUp: 2, runs: 5 },
    { name: 'CRLN step, la-quarter', base: 8, levels: 3, patch: [32, 32, 16], batch: 2, warmUp: 10, runs: 15 },
  ],
  contestants: (backend) => [ours('crln-step'), ...pytorch('crln_step', backend), vNet],
});
