import { broadcast_util, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { multiply } from '../matmul.js';

interface Attrs {
  transposeA: boolean;
  transposeB: boolean;
}

interface FusedAttrs extends Attrs {
  activation?: string;
}

type Inputs = { a: TensorInfo; b: TensorInfo; bias?: TensorInfo; preluActivationWeights?: TensorInfo };

/** Runs the product, or returns nothing where its batch axes broadcast in a way that is not one matrix for all. */
function product(
  call: KernelCall<Inputs, Attrs>,
  kernel: string,
  bias?: Float32Array,
): { shape: number[]; values: Float32Array } | undefined {
  const { a, b } = call.inputs;
  const { transposeA, transposeB } = call.attrs;
  if (a.dtype !== 'float32' || b.dtype !== 'float32') return undefined;
  const [aOuter, bOuter] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [n, kOfB] = transposeB ? [bRows, bColumns] : [bColumns, bRows];
  const outer = broadcast_util.assertAndGetBroadcastShape(aOuter, bOuter);
  const batch = util.sizeFromShape(outer);
  const oneForAll = (shape: number[]) => [1, batch].includes(util.sizeFromShape(shape));
  if (k !== kOfB || !oneForAll(aOuter) || !oneForAll(bOuter)) return undefined;
  const shape = [...outer, m, n];
  const values = call.room(shape);
  multiply(call.floats(a), call.floats(b), values, { m, k, n, batch, transposeA, transposeB, bias, kernel });
  return { shape, values };
}

export const matmulKernels: readonly KernelConfig[] = [
  defineKernel<Inputs, Attrs>('BatchMatMul', (call) => {
    const result = product(call, 'BatchMatMul');
    return result ? call.output(result.shape, result.values) : call.stock();
  }),
  defineKernel<Inputs, FusedAttrs>('_FusedMatMul', (call) => {
    const { bias, b } = call.inputs;
    const { activation = 'linear', transposeB } = call.attrs;
    const columns = b.shape.at(transposeB ? -2 : -1)!;
    const simple = ['linear', 'relu'].includes(activation) && (!bias || util.sizeFromShape(bias.shape) === columns);
    const result = simple ? product(call, '_FusedMatMul', bias && call.floats(bias)) : undefined;
    if (!result) return call.stock();
    const { shape, values } = result;
    if (activation === 'relu') for (let i = 0; i < values.length; i++) if (values[i]! < 0) values[i] = 0;
    return call.output(shape, values);
  }),
];
