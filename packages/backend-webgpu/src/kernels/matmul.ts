import { CrlnError } from '@crln/core';
import { broadcast_util, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { type BatchAxis, multiply } from '../product/multiply.js';
import { expectTypes } from './operandTypes.js';

interface Attrs {
  transposeA: boolean;
  transposeB: boolean;
}

interface FusedAttrs extends Attrs {
  activation?: string;
}

type Inputs = { a: TensorInfo; b: TensorInfo; bias?: TensorInfo };

function product(kernel: string, call: KernelCall<Inputs, Attrs>, bias?: TensorInfo, relu = false): TensorInfo {
  const { a, b } = call.inputs;
  const { transposeA, transposeB } = call.attrs;
  expectTypes(kernel, { a, b, bias }, []);
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [rows, inner] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [innerOfB, columns] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  if (inner !== innerOfB) {
    throw new CrlnError(
      'invalid-shape',
      `${kernel}: the products of a [${a.shape}]${transposeA ? ' transposed' : ''} and b [${b.shape}]${transposeB ? ' transposed' : ''} need as many columns of a as rows of b, got ${inner} and ${innerOfB}`,
      { kernel, a: a.shape, b: b.shape, transposeA, transposeB },
    );
  }
  const outer = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const y = call.output([...outer, rows, columns]);
  const factors = { a: { tensor: a, transposed: transposeA }, b: { tensor: b, transposed: transposeB }, bias, relu };
  const batch = util.sizeFromShape(outer);
  if (
    !transposeA &&
    util.sizeFromShape(b.shape) === inner * columns &&
    util.sizeFromShape(a.shape) === batch * rows * inner
  ) {
    // One right-hand side for all: the products are just more rows.
    multiply(call, { ...factors, rows: batch * rows, inner, columns }, y);
  } else multiply(call, { ...factors, rows, inner, columns, batch: batchAxes(outer, a.shape, b.shape) }, y);
  return y;
}

/** The axes over which products run; neighbours that both operands walk through in one stride are joined. */
function batchAxes(outer: readonly number[], a: readonly number[], b: readonly number[]): BatchAxis[] {
  const [aSteps, bSteps] = [batchSteps(outer, a), batchSteps(outer, b)];
  const axes: BatchAxis[] = [];
  outer.forEach((size, i) => {
    const axis = { size, a: aSteps[i]!, b: bSteps[i]! };
    const last = axes.at(-1);
    if (size === 1) return;
    if (last && last.a === axis.a * size && last.b === axis.b * size) {
      axes[axes.length - 1] = { ...axis, size: last.size * size };
    } else axes.push(axis);
  });
  return axes;
}

/** Elements between neighbours along each outer axis, 0 where one matrix serves all. */
function batchSteps(outer: readonly number[], shape: readonly number[]): number[] {
  const own = [...Array(outer.length + 2 - shape.length).fill(1), ...shape] as number[];
  const strides = [...util.computeStrides(own), 1];
  return outer.map((_, i) => (own[i] === 1 ? 0 : strides[i]!));
}

/** Matrix products, also with a bias and ReLU. */
export const matmulKernels: readonly KernelConfig[] = [
  defineKernel<Inputs, Attrs>('BatchMatMul', (call) => product('BatchMatMul', call)),
  defineKernel<Inputs & { preluActivationWeights?: TensorInfo }, FusedAttrs>('_FusedMatMul', (call) => {
    const { bias, b } = call.inputs;
    const { activation = 'linear', transposeB } = call.attrs;
    const columns = b.shape.at(transposeB ? -2 : -1)!;
    if (!['linear', 'relu'].includes(activation)) {
      throw new CrlnError('invalid-option', `_FusedMatMul: expected activation linear or relu, got ${activation}`, {
        activation,
      });
    }
    if (bias && util.sizeFromShape(bias.shape) !== columns) {
      throw new CrlnError('invalid-shape', `_FusedMatMul: expected bias [${columns}], got [${bias.shape}]`, {
        ...{ expected: [columns], shape: bias.shape },
      });
    }
    return product('_FusedMatMul', call, bias, activation === 'relu');
  }),
];
