import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups } from '../gpu/shader.js';
import type { KernelCall } from '../kernelConfig.js';
import type { Engine } from './engine.js';
import { matrixEngine } from './matrixEngine.js';
import type { Operand } from './operands.js';
import { type Parts, sumParts } from './sumParts.js';
import { type Arrangement, productShader } from './template.js';
import { matrixTile, productTile, splitCount } from './tiles.js';
import { vectorEngine } from './vectorEngine.js';

/** What a kernel call lends to the functions that record its work. */
export type Recording = Pick<KernelCall<unknown, unknown>, 'run' | 'scratch' | 'backend'> & {
  /** Takes parts of sums, with their buffer, in place of their being added up. */
  defer?: ((parts: Parts) => void) | undefined;
};

/** A matrix product, or several of the same size. */
export interface Product {
  /** Rows of the result, terms of each sum, columns of the result: of the largest of the products. */
  rows: number;
  inner: number;
  columns: number;
  /** How many products. */
  count: number;
  left: { operand: Operand; tensor: TensorInfo };
  right: { operand: Operand; tensor: TensorInfo };
  arrangement: Arrangement;
  /** Values of what the operands and the arrangement have as parameters. */
  params: Record<string, number>;
  /** [columns], added to every row. */
  bias?: TensorInfo | undefined;
  relu?: boolean;
}

type Size = Pick<Product, 'rows' | 'inner' | 'columns'>;

/** The engine for a product by matrices of subgroups, where activations are f16, the GPU has such matrices, and they suit this size. */
export function matricesFor({ backend }: Pick<Recording, 'backend'>, size: Size): Engine | undefined {
  const unit = backend.precision === 'f16' ? backend.matrixUnit : undefined;
  const tile = unit && matrixTile(size, unit, backend.device.gpu.limits);
  return unit && tile && matrixEngine(tile, unit);
}

/** Records left·right (+ bias) into `result`, whose last axis has `columns` elements. */
export function runProduct(call: Recording, product: Product, result: TensorInfo): void {
  const { rows, inner, columns, count, left, right, arrangement, bias, relu = false } = product;
  const size = util.sizeFromShape(result.shape);
  if (size === 0) return;
  const engine = matricesFor(call, product) ?? vectorEngine(productTile(rows, columns));
  const rowTiles = Math.ceil(rows / engine.rows);
  const columnTiles = Math.ceil(columns / engine.columns);
  const groups = count * rowTiles * columnTiles;
  const steps = Math.ceil(inner / engine.depth);
  const share = Math.max(1, Math.ceil(steps / splitCount(groups * engine.threads, inner, size)));
  const splits = Math.max(1, Math.ceil(steps / share));
  const whole = splits === 1;
  const source = {
    ...{ engine, left: left.operand, right: right.operand, arrangement, wide: columns % 4 === 0 },
    ...{ bias: whole && bias !== undefined, relu: whole && relu },
  };
  const parts = whole ? undefined : call.scratch(splits * size);
  const [x, y = 1] = flatGroups(groups);
  call.run(
    productShader(source),
    { leftValues: left.tensor, rightValues: right.tensor, y: parts ?? result, ...(whole && bias && { bias }) },
    {
      ...{ tiles: groups, rowTiles, columnTiles, columns, share, resultRows: size / columns },
      ...engine.params,
      ...product.params,
    },
    [x, y, splits],
  );
  if (!parts) return;
  const job = { from: parts, parts: splits, size, columns, bias, relu };
  if (call.defer && !relu) call.defer(job);
  else sumParts(call, job, result);
}
