import { KERNELS, stream } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Engine } from '../src/engine.js';
import type * as api from '../src/index.js';
import { same } from './reference.js';

/** Values that are not round, so that another order of additions shows. */
function noise(shape: number[], seed: number): tf.Tensor {
  const rng = stream(seed, 'bits', 0, 0);
  const values = Float32Array.from(
    { length: shape.reduce((a, b) => a * b) },
    () => rng.normal() * 10 ** rng.range(-2, 2),
  );
  return tf.tensor(values, shape);
}

const down = { ...same, strides: [2, 2, 2], pads: same.pads.map(() => [0, 0]) };

/** Means of two neighbours, n − 1 rows. */
const halves = (n: number) => ({
  starts: Int32Array.from({ length: n }, (_, i) => 2 * i),
  columns: Int32Array.from({ length: 2 * n - 2 }, (_, k) => (k + 1) >> 1),
  weights: new Float32Array(2 * n - 2).fill(0.5),
});

const uniforms = (shape: number[], seed: number): tf.Tensor => {
  const rng = stream(seed, 'uniforms', 0, 0);
  return tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => rng.uniform()),
    shape,
  );
};

/** Classes 0 … count − 1. */
const classes = (shape: number[], count: number, seed: number): tf.Tensor =>
  tf.tidy(() => tf.cast(tf.floor(tf.mul(uniforms(shape, seed), count)), 'int32'));

/** Draws among voxels of eight classes. */
function contrastOf(voxels: number): tf.NamedTensorMap {
  const [rows, labels] = [noise([voxels, 8], 21), classes([voxels], 8, 22)];
  const [anchor, negative, negativeClass] = [23, 24, 25].map((seed) => uniforms([8, 9000], seed));
  const inputs = { rows, labels, valid: tf.ones([voxels]), probabilities: uniforms([voxels, 8], 26) };
  return { ...inputs, anchor: anchor!, negative: negative!, negativeClass: negativeClass! };
}

/** The kernels whose sums or slabs are shared out, on volumes of several units. */
function results(): Float32Array[] {
  const run = (name: string, inputs: tf.NamedTensorMap, attrs: object) =>
    tf
      .tidy(() => ([] as tf.Tensor[]).concat(tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap)))
      .map((tensor) => tensor.dataSync() as Float32Array);
  const [x, wide] = [noise([2, 24, 26, 22, 8], 1), noise([1, 12, 14, 10, 40], 2)];
  const filter = noise([3, 3, 3, 8, 16], 3);
  const dy = noise([2, 24, 26, 22, 16], 4);
  const norm = { over: 'batch', epsilon: 1e-5, relu: true };
  const [, mean, variance, shift] = tf.tidy(
    () => tf.engine().runKernel(KERNELS.Norm, { x }, norm) as unknown as tf.Tensor[],
  );
  const pool = { poolSize: [3, 3, 3], strides: [1, 1, 1], pads: same.pads };
  const pooled = tf.tidy(() => tf.engine().runKernel(KERNELS.MaxPool3d, { x }, pool as never) as tf.Tensor);
  const labels = classes([2, 24, 26, 22], 8, 20);
  const contrast = contrastOf(27_456);
  return [
    run(KERNELS.Conv3d, { x, filter }, same),
    run(KERNELS.Conv3dInputGrad, { dy, filter }, { ...same, inputShape: x.shape }),
    run(KERNELS.Conv3dFilterGrad, { x, dy }, { ...same, filterShape: filter.shape }),
    run(KERNELS.Conv3dFilterGrad, { x: wide, dy: wide }, { ...same, filterShape: [3, 3, 3, 40, 40] }),
    run(KERNELS.Conv3d, { x, filter: noise([2, 2, 2, 8, 16], 5) }, down),
    run(KERNELS.Conv3dFilterGrad, { x, dy: noise([2, 12, 13, 11, 16], 6) }, { ...down, filterShape: [2, 2, 2, 8, 16] }),
    run(KERNELS.DepthwiseConv3dFilterGrad, { x, dy: x }, { ...same, filterShape: [3, 3, 3, 8] }),
    run(KERNELS.Norm, { x }, norm),
    run(KERNELS.NormGrad, { dy: x, x, mean: mean!, variance: variance!, shift: shift! }, norm),
    run(KERNELS.ChannelSum, { x }, {}),
    run(
      'BatchMatMul',
      { a: noise([1, 30_000, 12], 7), b: noise([1, 30_000, 9], 8) },
      { transposeA: true, transposeB: false },
    ),
    run(
      'BatchMatMul',
      { a: noise([1, 3000, 50], 9), b: noise([1, 50, 33], 10) },
      { transposeA: false, transposeB: false },
    ),
    run('Sum', { x }, { axis: [0, 1, 2, 3, 4], keepDims: false }),
    run('Sum', { x }, { axis: [0, 1, 2, 3], keepDims: false }),
    run('Sum', { x }, { axis: [1, 2, 3], keepDims: false }),
    run('Softmax', { logits: x }, { dim: -1 }),
    run('Softmax', { logits: tf.reshape(x, [-1, 22]) }, { dim: -1 }),
    run('Cumsum', { x: tf.reshape(x, [-1]) }, { axis: 0, exclusive: false, reverse: true }),
    run(KERNELS.MaxPool3dGrad, { dy: pooled, x, y: pooled }, pool),
    run(KERNELS.Resample3d, { x }, { matrices: [halves(24), halves(26), halves(22)] }),
    run(KERNELS.CrossEntropySums, { logits: x, labels }, { ignoreIndex: -1 }),
    run(KERNELS.DiceSums, { probabilities: x, labels }, { softmax: true }),
    run(KERNELS.ContrastSamples, contrast, { threshold: 0.1, temperature: 0.5 }),
    run(
      KERNELS.InfoNce,
      {
        ...{ anchors: noise([64, 8], 11), positives: noise([8, 8], 12) },
        ...{ rows: contrast.rows!, negatives: classes([64, 500], 27_456, 28) },
      },
      { temperature: 0.5 },
    ),
  ].flat();
}

/** An engine that does not run yet. */
export interface Modules {
  api: Pick<typeof api, 'registerWasmBackend' | 'WASM_BACKEND'>;
  engine: () => Engine;
}

export interface Bits {
  threads: number;
  /** Units that other threads than the caller did. */
  helped: number;
  values: Float32Array[];
}

/** {@link results} on an engine with so many threads. */
export async function computeBits(threads: number, { api, engine }: Modules): Promise<Bits> {
  await api.registerWasmBackend({ threads, poison: true });
  await tf.setBackend(api.WASM_BACKEND);
  // Workers come a little later, in a browser not before its event loop turns: what counts is what is computed together with them.
  let values = results();
  for (let turn = 0; threads > 1 && turn < 50 && engine().helped < 10; turn++) {
    await new Promise((resolve) => setTimeout(resolve));
    values = results();
  }
  return { threads: engine().threads, helped: engine().helped, values };
}
