// Convolutions by shape and direction, on all threads, on one, against PyTorch and stock TensorFlow.js, in one run:
// `node bench/conv3d.mjs [--json] [--threads=2] [--runs=7] [--no-peer]`.
import { ours, pytorch } from './lib/contestants.mjs';
import { suite } from './lib/suite.mjs';
import { conv3d } from './workloads/conv3d.mjs';

/** [kind, [N, D, H, W], channels of the input and the output]. */
const shapes = [
  ['3x3x3', [1, 64, 64, 64], [16, 16]],
  ['3x3x3', [1, 32, 32, 32], [32, 32]],
  ['3x3x3', [1, 16, 16, 16], [64, 64]],
  ['3x3x3', [1, 16, 16, 16], [128, 128]],
  ['3x3x3', [1, 8, 8, 8], [128, 128]],
  ['3x3x3', [1, 7, 7, 5], [256, 256]],
  ['3x3x3', [2, 32, 32, 16], [1, 8]],
  ['3x3x3', [2, 32, 32, 16], [8, 8]],
  ['3x3x3', [2, 16, 16, 8], [16, 16]],
  ['3x3x3', [2, 8, 8, 4], [32, 32]],
  ['2x2x2 s2', [1, 32, 32, 32], [16, 32]],
  ['2x2x2 s2', [1, 16, 16, 16], [64, 128]],
  ['transposed', [1, 16, 16, 16], [32, 16]],
  ['transposed', [1, 16, 16, 16], [128, 64]],
  ['1x1x1', [1, 32, 32, 32], [32, 32]],
  ['1x1x1', [1, 16, 16, 16], [128, 128]],
  ['1x1x1', [2, 32, 32, 16], [8, 2]],
];
const directions = ['forward', 'input gradient', 'filter gradient'];

const one = { ...ours('conv3d', 'ours, one thread'), options: () => ({ threads: 1 }) };
const stock = {
  ...ours('conv3d', 'stock cpu'),
  peer: true,
  options: () => ({ backend: 'cpu' }),
  // Up to ten seconds a run.
  runs: () => 1,
};

await suite({
  name: 'conv3d',
  prepare: conv3d,
  cases: shapes.flatMap(([kind, input, channels]) =>
    directions.map((direction) => ({
      name: `${kind} ${input.join('×')} ${channels.join('→')} ${direction}`,
      ...{ kind, input, channels, direction, warmUp: 2, runs: 7 },
    })),
  ),
  contestants: (backend) =>
    backend === 'webgpu'
      ? [ours('conv3d'), ...pytorch('conv3d', backend)]
      : [ours('conv3d'), one, ...pytorch('conv3d', backend), stock],
});
