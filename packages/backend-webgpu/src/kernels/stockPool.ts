import { CrlnError } from '@crln/core';
import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { expectTypes } from './operandTypes.js';
import type { Windows } from './windows.js';

/** Attributes of TensorFlow.js' 3-D pooling kernels. */
export interface StockPoolAttrs {
  filterSize: number | [number, number, number];
  strides: number | [number, number, number];
  pad: 'valid' | 'same' | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dataFormat?: 'NDHWC' | 'NCDHW';
}

/**
 * The windows of a stock pooling kernel over x.
 * @throws CrlnError `invalid-option` unless channels are last, `invalid-data` unless its operands are float32
 */
export function stockWindows(
  kernel: string,
  operands: Record<string, TensorInfo>,
  x: TensorInfo,
  { filterSize, strides, pad, dimRoundingMode, dataFormat = 'NDHWC' }: StockPoolAttrs,
): Windows {
  if (dataFormat !== 'NDHWC') {
    throw new CrlnError('invalid-option', `${kernel}: expected dataFormat NDHWC, got ${dataFormat}`, { dataFormat });
  }
  expectTypes(kernel, operands, []);
  const shape = x.shape as [number, number, number, number, number];
  const info = backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const { front, top, left } = info.padInfo;
  return {
    shape,
    counts: [info.outDepth, info.outHeight, info.outWidth],
    size: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    before: [front, top, left],
  };
}
