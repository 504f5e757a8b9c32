import * as tf from '@tensorflow/tfjs-core';
import { around, withSize } from './axis.js';
import { runKernel } from './kernel.js';

/** The name under which TensorFlow.js for Node registers. */
export const TENSORFLOW = 'tensorflow';

/** What the backend of TensorFlow.js for Node has and tfjs-core does not declare. */
export interface NodeBackend extends tf.KernelBackend {
  binding: { TF_Version: string; TF_ATTR_TYPE: number };
  getDTypeInteger(dtype: tf.DataType): number;
  executeSingleOutput(operation: string, attributes: object[], inputs: tf.TensorInfo[]): tf.Tensor;
}

type KernelFunction = tf.KernelConfig['kernelFunc'];
interface ReductionAttrs {
  axis?: number | number[];
  keepDims?: boolean;
}

/** So many values are added up one after another, no more. */
const BLOCK = 64;
const ours = new WeakSet<KernelFunction>();

/**
 * Gives TensorFlow.js for Node what it lacks: the kernel `SearchSorted`; sums and means of float32 in blocks, where TensorFlow adds up the
 * columns of a matrix one value after another (the variance of half a million voxels was off by 3e-3, two million equal values by 2e-2); and the
 * gradient of `tf.conv3dTranspose`, which is missing on every backend. Calling again does nothing.
 */
export function completeTensorflow(): void {
  if (!tf.getKernel(tf.SearchSorted, TENSORFLOW)) register(tf.SearchSorted, searchSorted);
  replace(tf.Sum, blockedSum);
  replace(tf.Mean, blockedMean);
  if (!tf.getGradient(tf.Conv3DBackpropInputV2)) tf.registerGradient(conv3dTransposeGradient);
}

const register = (kernelName: string, kernelFunc: KernelFunction) =>
  tf.registerKernel({ kernelName, backendName: TENSORFLOW, kernelFunc });

function replace(name: string, make: (stock: KernelFunction) => KernelFunction): void {
  const stock = tf.getKernel(name, TENSORFLOW).kernelFunc;
  if (ours.has(stock)) return;
  const kernel = make(stock);
  ours.add(kernel);
  tf.unregisterKernel(name, TENSORFLOW);
  register(name, kernel);
}

/** By TensorFlow's own operations, which TensorFlow.js for Node does not call. */
const searchSorted: KernelFunction = ({ inputs, attrs, backend }) => {
  const { sortedSequence, values } = inputs as { sortedSequence: tf.TensorInfo; values: tf.TensorInfo };
  const node = backend as NodeBackend;
  const type = (name: string, dtype: tf.DataType) => ({
    name,
    type: node.binding.TF_ATTR_TYPE,
    value: node.getDTypeInteger(dtype),
  });
  return node.executeSingleOutput(
    attrs?.side === 'left' ? 'LowerBound' : 'UpperBound',
    [type('T', sortedSequence.dtype), type('out_type', 'int32')],
    [sortedSequence, values],
  );
};

const blockedSum =
  (stock: KernelFunction): KernelFunction =>
  (call) => {
    const { x, axes, count, keepDims } = reduction(call);
    if (x.dtype !== 'float32' || count <= BLOCK || x.size === 0) return stock(call);
    const size = (axis: number) => x.shape[axis] as number;
    // The longest axis first: what follows has less to read.
    const order = axes.filter((axis) => size(axis) > 1).sort((a, b) => size(b) - size(a));
    return tf.tidy(() => {
      const summed = order.reduce(sumInBlocks, x);
      return tf.reshape(summed, keepDims ? summed.shape : x.shape.filter((_, axis) => !axes.includes(axis)));
    });
  };

/** Adds up an axis, of which 1 is left: blocks of it first, then their sums in the same way. The error grows with log n, not with n. */
function sumInBlocks(x: tf.Tensor, axis: number): tf.Tensor {
  let [outer, count, inner] = around(x.shape, axis);
  let y: tf.Tensor = tf.reshape(x, [outer, count, inner]);
  while (count > BLOCK) {
    const blocks = Math.ceil(count / BLOCK);
    const length = Math.ceil(count / blocks);
    const missing = blocks * length - count;
    if (missing > 0) {
      y = tf.pad(y, [
        [0, 0],
        [0, missing],
        [0, 0],
      ]);
    }
    // At most BLOCK values: the stock kernel does it.
    y = tf.sum(tf.reshape(y, [outer, length, blocks, inner]), 1);
    count = blocks;
  }
  return tf.reshape(tf.sum(y, 1), withSize(x.shape, axis, 1));
}

const blockedMean =
  (stock: KernelFunction): KernelFunction =>
  (call) => {
    const { x, axes, count, keepDims } = reduction(call);
    if (x.dtype !== 'float32' || count <= BLOCK || x.size === 0) return stock(call);
    return tf.tidy(() => tf.div(tf.sum(x, axes, keepDims), count));
  };

function reduction({ inputs, attrs }: Parameters<KernelFunction>[0]) {
  const x = inputs.x as tf.Tensor;
  const { axis, keepDims = false } = (attrs ?? {}) as ReductionAttrs;
  const axes = tf.util.parseAxisParam(axis as number[], x.shape);
  return { x, axes, keepDims, count: tf.util.sizeFromShape(axes.map((a) => x.shape[a] as number)) };
}

const conv3dTransposeGradient: tf.GradConfig = {
  kernelName: tf.Conv3DBackpropInputV2,
  inputsToSave: ['dy', 'filter'],
  gradFunc: (dys, [dy, filter], attrs) => {
    const ddx = dys as tf.Tensor5D;
    const { strides, pad } = attrs as unknown as Pick<tf.Conv3DBackpropInputV2Attrs, 'strides' | 'pad'>;
    return {
      dy: () => tf.conv3d(ddx, filter as tf.Tensor5D, strides, pad),
      filter: () =>
        runKernel(
          tf.Conv3DBackpropFilterV2,
          { x: ddx, dy: dy as tf.Tensor },
          { strides, pad, filterShape: (filter as tf.Tensor).shape },
        )[0] as tf.Tensor,
    };
  },
};
