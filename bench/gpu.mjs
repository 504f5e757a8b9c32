// All that is to be measured on a GPU, in one command: `npm run bench -- gpu [--json] [--runs=5] [--no-peer]`. Convolutions of a V-Net's levels, a
// V-Net step and a CRLN step at the left atrium's patch (2 + 2 of 112×112×80), in float32 and half precision, against PyTorch on the same card in float32, TF32
// and half precision, channels first and last.
import { ours, pytorch } from './lib/contestants.mjs';
import { suite } from './lib/suite.mjs';
import { conv3d } from './workloads/conv3d.mjs';
import { crlnStep } from './workloads/crlnStep.mjs';
import { vnetStep } from './workloads/vnetStep.mjs';

const workloads = { conv3d, crln_step: crlnStep, vnet_step: vnetStep };
const levels = [
  [[112, 112, 80], 16],
  [[56, 56, 40], 32],
  [[28, 28, 20], 64],
  [[14, 14, 10], 128],
  [[7, 7, 5], 256],
];
const network = { base: 16, levels: 4, patch: [112, 112, 80], warmUp: 3, runs: 5 };

await suite({
  name: 'gpu',
  prepare: ({ workload, ...options }) => workloads[workload](options),
  cases: [
    ...levels.flatMap(([size, width]) =>
      ['forward', 'input gradient', 'filter gradient'].map((direction) => ({
        name: `3x3x3 4×${size.join('×')} ${width}→${width} ${direction}`,
        workload: 'conv3d',
        ...{ kind: '3x3x3', input: [4, ...size], channels: [width, width], direction, warmUp: 2, runs: 5 },
      })),
    ),
    { name: 'V-Net step', workload: 'vnet_step', ...network, batch: 4 },
    { name: 'CRLN step', workload: 'crln_step', ...network, batch: 2 },
  ],
  // Whatever --backend says: this suite is about the GPU.
  contestants: () => [
    ...['f32', 'f16'].map((precision) => onGpu(ours('gpu', `ours, ${precision}`), { precision })),
    ...pytorch(undefined, 'webgpu').map((peer) => onGpu(peer)),
  ],
});

/** Each case has its workload; ours runs it on webgpu. */
function onGpu(contestant, more) {
  if (!contestant.peer) return { ...contestant, options: () => ({ backend: 'webgpu', ...more }) };
  return { ...contestant, start: ({ workload, ...options }) => contestant.start(options, workload) };
}
