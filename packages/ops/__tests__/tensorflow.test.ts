import { isCrlnError } from '@crln/core';
import { conv3dTranspose, useBackend } from '@crln/ops';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { normals, relativeError, tensorOf } from './support/gradcheck.js';

/** What TensorFlow.js for Node has of its own, on the stock backend: its operations by the names of TensorFlow. */
class StandIn extends MathBackendCPU {
  readonly binding = { TF_Version: '2.9.1', TF_ATTR_TYPE: 7 };
  readonly getDTypeInteger = (dtype: tf.DataType): number => ({ float32: 1, int32: 3 })[dtype as 'int32'];

  constructor() {
    super();
    // The stock backend greets the first tensor with advice to install tfjs-node; the field is private to it.
    (this as unknown as { firstUse: boolean }).firstUse = false;
  }

  executeSingleOutput(
    operation: string,
    attributes: object[],
    [sortedSequence, values]: tf.TensorInfo[],
  ): tf.TensorInfo {
    const T = { name: 'T', type: 7, value: this.getDTypeInteger(sortedSequence!.dtype) };
    expect(attributes).toEqual([T, { name: 'out_type', type: 7, value: 3 }]);
    const side = { LowerBound: 'left', UpperBound: 'right' }[operation] as string;
    const inputs = { sortedSequence, values } as tf.NamedTensorInfoMap;
    return tf.getKernel(tf.SearchSorted, 'cpu').kernelFunc({ inputs, attrs: { side }, backend: this }) as tf.TensorInfo;
  }
}

/** Adds up the first axis of a matrix one row after another in float32, as TensorFlow does. */
const columnSum: tf.KernelConfig['kernelFunc'] = ({ inputs, attrs, backend }) => {
  const x = inputs.x as tf.Tensor;
  if (x.dtype !== 'float32' || (String(attrs?.axis) !== '0' && x.rank > 1)) {
    return tf.getKernel(tf.Sum, 'cpu').kernelFunc({ inputs, attrs: attrs!, backend });
  }
  const columns = tf.util.sizeFromShape(x.shape.slice(1));
  const sums = new Float32Array(columns);
  x.dataSync().forEach((value, i) => {
    sums[i % columns]! += value;
  });
  return tf.tensor(sums, x.shape.slice(1));
};

/** The package as it loads where it is installed: a backend with kernels, of which one is missing. */
function install(): void {
  vi.doMock('@tensorflow/tfjs-node', () => {
    tf.registerBackend('tensorflow', () => new StandIn());
    tf.copyRegisteredKernels('cpu', 'tensorflow');
    tf.unregisterKernel(tf.SearchSorted, 'tensorflow');
    tf.unregisterKernel(tf.Sum, 'tensorflow');
    tf.registerKernel({ kernelName: tf.Sum, backendName: 'tensorflow', kernelFunc: columnSum });
    return {};
  });
}

function onNode(node: string): void {
  vi.stubGlobal('process', Object.create(process, { versions: { value: { ...process.versions, node } } }));
}

const failure = () =>
  useBackend('tensorflow').then(
    () => undefined,
    (error: unknown) => error,
  );

describe("useBackend('tensorflow')", () => {
  beforeEach(async () => {
    await useBackend('cpu');
    onNode('22.12.0');
  });

  afterEach(async () => {
    vi.doUnmock('@tensorflow/tfjs-node');
    vi.unstubAllGlobals();
    await useBackend('cpu');
    if (tf.findBackend('tensorflow')) tf.removeBackend('tensorflow');
    for (const { kernelName } of tf.getKernelsForBackend('tensorflow')) tf.unregisterKernel(kernelName, 'tensorflow');
  });

  it('runs where @tensorflow/tfjs-node is installed', async () => {
    install();
    expect(await useBackend('tensorflow')).toEqual({
      name: 'tensorflow',
      tfBackend: 'tensorflow',
      reason: '@tensorflow/tfjs-node is installed',
      kernelBuild: '@tensorflow/tfjs-node, TensorFlow 2.9.1',
    });
    expect(tf.getBackend()).toBe('tensorflow');
  });

  it('says what to install where it is not', async () => {
    const error = await failure();
    expect(isCrlnError(error, 'missing-dependency')).toBe(true);
    expect(String(error)).toContain('npm install @tensorflow/tfjs-node');
  });

  it('says why where it is installed but does not load', async () => {
    vi.doMock('@tensorflow/tfjs-node', () => {
      throw new Error('libtensorflow.so.2: cannot open shared object file');
    });
    const error = await failure();
    expect(isCrlnError(error, 'backend-unavailable')).toBe(true);
    expect(String(error)).toContain("backend 'tensorflow' does not start: @tensorflow/tfjs-node:");
    // Vitest wraps what a mock throws.
    expect(String(((error as Error).cause as Error).cause)).toContain('libtensorflow.so.2');
  });

  it('says what to do on a Node that it cannot run on, and does not load there', async () => {
    const load = vi.fn(() => ({}));
    vi.doMock('@tensorflow/tfjs-node', load);
    for (const node of ['23.0.0', '24.11.1']) {
      onNode(node);
      const error = await failure();
      expect(isCrlnError(error, 'backend-unavailable')).toBe(true);
      expect(String(error)).toContain(`backend 'tensorflow' cannot run on Node ${node}`);
      expect(String(error)).toContain("use Node 20 or 22, or backend 'wasm' or 'webgpu'");
    }
    expect(load).not.toHaveBeenCalled();
    expect(tf.getBackend()).toBe('cpu');
  });

  it.each([
    [[50_003, 2], [0], false],
    [[2, 20_001, 3], [1], true],
    [[5, 70, 1, 130], [0, 1, 3], false],
    [[65], [0], false],
    [[1, 131, 2, 3], [0, 1], true],
  ] as const)(
    'sums and means stay exact over long columns: [%j], axes %j, keepDims %j',
    async (shape, axes, keepDims) => {
      install();
      await useBackend('tensorflow');
      const before = tf.memory().numTensors;
      const x = tf.add(tensorOf(normals([...shape])), 3);
      const sums = tf.sum(x, [...axes], keepDims);
      const means = tf.mean(x, [...axes], keepDims);
      const kept = shape.map((n, axis) => ((axes as readonly number[]).includes(axis) ? 1 : n));
      const expected = new Float64Array(tf.util.sizeFromShape(kept));
      const strides = [...tf.util.computeStrides(kept), 1];
      x.dataSync().forEach((value, i) => {
        const at = tf.util.indexToLoc(i, shape.length, tf.util.computeStrides([...shape]));
        expected[at.reduce((sum, p, axis) => sum + (kept[axis] === 1 ? 0 : p * strides[axis]!), 0)]! += value;
      });
      const count = x.size / expected.length;
      expect(sums.shape).toEqual(
        keepDims ? kept : shape.filter((_, axis) => !(axes as readonly number[]).includes(axis)),
      );
      expect(means.shape).toEqual(sums.shape);
      expect(relativeError(sums.dataSync(), expected)).toBeLessThan(1e-6);
      const mean = expected.map((sum) => sum / count);
      expect(relativeError(means.dataSync(), mean)).toBeLessThan(1e-6);
      tf.dispose([x, sums, means]);
      expect(tf.memory().numTensors).toBe(before + 1);
    },
  );

  it('leaves sums of whole numbers, short sums and empty ones to TensorFlow', async () => {
    install();
    await useBackend('tensorflow');
    const whole = tf.sum(tf.ones([100, 2], 'int32'), 0);
    expect([whole.dtype, ...whole.dataSync()]).toEqual(['int32', 100, 100]);
    expect([...tf.sum(tf.ones([3, 2]), 0).dataSync()]).toEqual([3, 3]);
    expect([...tf.sum(tf.ones([100, 0]), 0).dataSync()]).toEqual([]);
    expect(tf.sum(tf.fill([4, 100], 2)).dataSync()[0]).toBe(800);
  });

  it('searches sorted rows by the operations of TensorFlow', async () => {
    install();
    await useBackend('tensorflow');
    const sorted = tf.tensor1d([1, 2, 2, 3], 'int32');
    const values = tf.tensor1d([0, 2, 4], 'int32');
    expect([...tf.lowerBound(sorted, values).dataSync()]).toEqual([0, 1, 4]);
    expect([...tf.upperBound(sorted, values).dataSync()]).toEqual([0, 3, 4]);
  });

  it('gives the stock transposed convolution its gradients', async () => {
    install();
    await useBackend('tensorflow');
    const [x, filter, weights] = [
      tensorOf(normals([2, 3, 2, 3, 3])) as tf.Tensor5D,
      tensorOf(normals([3, 3, 3, 2, 3])) as tf.Tensor5D,
      tensorOf(normals([2, 6, 4, 6, 2])),
    ];
    const stock = tf.grads((x: tf.Tensor, filter: tf.Tensor) => {
      const y = tf.conv3dTranspose(x as tf.Tensor5D, filter as tf.Tensor5D, [2, 6, 4, 6, 2], 2, 'same');
      return tf.sum(tf.mul(y, weights));
    })([x, filter]);
    const own = tf.grads((x: tf.Tensor, filter: tf.Tensor) =>
      tf.sum(tf.mul(conv3dTranspose(x, filter, { strides: 2, padding: 'same' }), weights)),
    )([x, filter]);
    stock.forEach((gradient, i) => {
      expect(relativeError(gradient.dataSync(), own[i]!.dataSync())).toBeLessThan(1e-6);
    });
  });

  it('replaces no kernel twice', async () => {
    install();
    await useBackend('tensorflow');
    const kernels = [tf.Sum, tf.Mean, tf.SearchSorted].map((name) => tf.getKernel(name, 'tensorflow').kernelFunc);
    await useBackend('tensorflow');
    expect([tf.Sum, tf.Mean, tf.SearchSorted].map((name) => tf.getKernel(name, 'tensorflow').kernelFunc)).toEqual(
      kernels,
    );
    expect(kernels.every((kernel) => kernel !== columnSum)).toBe(true);
  });
});
