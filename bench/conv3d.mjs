// Convolutions on the wasm backend against the stock cpu backend, in one run: `node bench/conv3d.mjs [--json] [--quick] [--simd simd]`.
// Each figure of ours is the median of at least five runs after a warm-up, through the kernels that plain tf.conv3d and its gradients
// call. `--quick` leaves out the cases above half a GFLOP, `--no-stock` the comparison.
import { parseArgs } from 'node:util';
import { registerWasmBackend, WASM_BACKEND } from '@crln/backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    simd: { type: 'string', default: 'auto' },
    runs: { type: 'string', default: '5' },
    'no-stock': { type: 'boolean', default: false },
  },
});

/** [what, N, D, H, W, Ci, Co]; a transposed convolution's Ci is its input's. */
const cases = [
  ['3x3x3', 1, 64, 64, 64, 16, 16],
  ['3x3x3', 1, 32, 32, 32, 32, 32],
  ['3x3x3', 1, 16, 16, 16, 64, 64],
  ['3x3x3', 1, 16, 16, 16, 128, 128],
  ['3x3x3', 1, 8, 8, 8, 128, 128],
  ['3x3x3', 1, 7, 7, 5, 256, 256],
  ['3x3x3', 2, 32, 32, 16, 1, 8],
  ['3x3x3', 2, 32, 32, 16, 8, 8],
  ['3x3x3', 2, 16, 16, 8, 16, 16],
  ['3x3x3', 2, 8, 8, 4, 32, 32],
  ['3x3x3', 2, 4, 4, 2, 64, 64],
  ['2x2x2 s2', 1, 32, 32, 32, 16, 32],
  ['2x2x2 s2', 1, 16, 16, 16, 64, 128],
  ['2x2x2 s2', 2, 32, 32, 16, 8, 16],
  ['2x2x2 s2', 2, 8, 8, 4, 32, 64],
  ['transposed', 1, 16, 16, 16, 32, 16],
  ['transposed', 1, 16, 16, 16, 128, 64],
  ['transposed', 2, 16, 16, 8, 16, 8],
  ['transposed', 2, 4, 4, 2, 64, 32],
  ['1x1x1', 1, 32, 32, 32, 32, 32],
  ['1x1x1', 1, 16, 16, 16, 128, 128],
  ['1x1x1', 2, 32, 32, 16, 8, 2],
];

/** The three directions of a case as functions, with the floating point operations of one. */
function problem([what, n, d, h, w, ci, co]) {
  const size = what.startsWith('3') ? 3 : what.startsWith('1') ? 1 : 2;
  const stride = size === 2 ? 2 : 1;
  const down = what === 'transposed';
  // A transposed convolution is the input gradient of one with the larger volume as its input.
  const [input, channelsIn, channelsOut] = down ? [[n, d * 2, h * 2, w * 2, co], co, ci] : [[n, d, h, w, ci], ci, co];
  const filter = tf.randomNormal([size, size, size, channelsIn, channelsOut]);
  const x = tf.randomNormal(input);
  const output = tf.tidy(() => tf.conv3d(x, filter, stride, 'same').shape);
  const dy = tf.randomNormal(output);
  const attrs = { pad: 'same', strides: [stride, stride, stride] };
  const kernel = (name, inputs, more) => tf.engine().runKernel(name, inputs, { ...attrs, ...more });
  const conv = () => kernel('Conv3D', { x, filter }, { dataFormat: 'NDHWC', dilations: [1, 1, 1] });
  const inputGrad = () => kernel('Conv3DBackpropInputV2', { dy, filter }, { inputShape: input });
  return {
    flop: 2 * output.slice(0, 4).reduce((a, b) => a * b) * size ** 3 * channelsIn * channelsOut,
    run: {
      forward: down ? inputGrad : conv,
      'input gradient': down ? conv : inputGrad,
      'filter gradient': () => kernel('Conv3DBackpropFilterV2', { x, dy }, { filterShape: filter.shape }),
    },
    dispose: () => tf.dispose([x, dy, filter]),
  };
}

/** Median and best time of `count` runs after `warmUp` more. */
function seconds(run, count, warmUp) {
  const times = [];
  for (let i = -warmUp; i < count; i++) {
    const start = performance.now();
    run().dispose();
    if (i >= 0) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1] / 1000, best: times[0] / 1000 };
}

const { build } = await registerWasmBackend({ simd: options.simd });
const rows = [];
for (const item of cases) {
  const result = {};
  let flop = 0;
  for (const backend of options['no-stock'] ? [WASM_BACKEND] : [WASM_BACKEND, 'cpu']) {
    await tf.setBackend(backend);
    const { flop: count, run, dispose } = problem(item);
    flop = count;
    if (options.quick && flop > 5e8) {
      dispose();
      break;
    }
    for (const [name, f] of Object.entries(run)) {
      // The stock backend takes up to ten seconds for the larger cases: there once, cold, is enough.
      const once = backend === 'cpu' && flop > 2e8;
      const runs = once ? 1 : Math.max(Number(options.runs), backend !== 'cpu' && flop < 1e8 ? 30 : 5);
      result[name] = { ...result[name], [backend]: seconds(f, runs, once ? 0 : 1) };
    }
    dispose();
  }
  for (const [direction, times] of Object.entries(result)) {
    const ours = times[WASM_BACKEND];
    rows.push({
      kernel: item[0],
      shape: item.slice(1, 5).join('×'),
      channels: `${item[5]}→${item[6]}`,
      direction,
      ms: ours.median * 1e3,
      gflops: flop / ours.median / 1e9,
      bestGflops: flop / ours.best / 1e9,
      ...(times.cpu && { stockMs: times.cpu.median * 1e3, ratio: times.cpu.median / ours.median }),
    });
    if (!options.json) {
      const row = rows.at(-1);
      const cell = (value, width) =>
        (typeof value === 'number' ? value.toFixed(value < 10 ? 2 : 1) : (value ?? '-')).padStart(width);
      if (rows.length === 1) {
        console.log(`build ${build}, node ${process.version}`);
        console.log(
          '    kernel          shape    channels        direction       ms  GFLOP/s     best  stock ms    ratio',
        );
      }
      console.log(
        cell(row.kernel, 10),
        cell(row.shape, 14),
        cell(row.channels, 11),
        cell(row.direction, 16),
        cell(row.ms, 8),
        cell(row.gflops, 8),
        cell(row.bestGflops, 8),
        cell(row.stockMs, 9),
        cell(row.ratio, 8),
      );
    }
  }
}
if (options.json) console.log(JSON.stringify({ build, node: process.version, rows }, null, 2));
