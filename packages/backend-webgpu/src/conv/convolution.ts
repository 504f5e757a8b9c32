import type { ConvGeometry } from '@crln/core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Scalar } from '../gpu/shader.js';
import { multiply } from '../product/multiply.js';
import { matrix } from '../product/operands.js';
import { matricesFor, type Recording, runProduct } from '../product/run.js';
import type { Arrangement } from '../product/template.js';
import { AXES, declared, numbered, perAxis, vector, volume } from './axes.js';
import { direct, suitsDirect } from './direct.js';
import { gathered, gridParams } from './gather.js';
import { PHASES, phaseFilter, phasesOf } from './phases.js';

/** Whether a convolution is a product of matrices as it stands. */
const pointwise = ({ size, strides, before, input, output }: ConvGeometry): boolean =>
  AXES.every((a) => size[a] === 1 && strides[a] === 1 && before[a] === 0 && input[a] === output[a]);

/** Records y[o] = bias + Σ_k x[o·stride − before + k·dilation]·w[k] into `y`. */
export function forward(
  call: Recording,
  g: ConvGeometry,
  x: TensorInfo,
  filter: TensorInfo,
  bias: TensorInfo | undefined,
  y: TensorInfo,
): void {
  const { batch, inChannels, outChannels } = g;
  const rows = batch * volume(g.output);
  const sizes = { rows, inner: volume(g.size) * inChannels, columns: outChannels };
  if (pointwise(g)) {
    const factors = { a: { tensor: x, transposed: false }, b: { tensor: filter, transposed: false } };
    multiply(call, { ...sizes, ...factors, bias }, y);
    return;
  }
  const volumes = { source: g.input, sourceChannels: inChannels, result: g.output, resultChannels: outChannels };
  if (suitsDirect(g, volumes) && !matricesFor(call, sizes)) {
    direct(call, {
      batch,
      ...volumes,
      before: g.before,
      mirrored: false,
      tensors: { source: x, filter, bias, result: y },
    });
    return;
  }
  const wide = inChannels % 4 === 0;
  const product = {
    ...{ ...sizes, count: 1, bias, arrangement: FORWARD },
    left: { operand: gathered('voxels', wide), tensor: x },
    right: { operand: matrix('right', 'outer', outChannels % 4 === 0), tensor: filter },
    params: { ...sizes, ...planParams(g, wide) },
  };
  runProduct(call, product, y);
}

/** Records dx[i] = bias + Σ_k dy[(i + before − k·dilation) / stride]·w[k], over the k that divide, into `dx`. */
export function inputGrad(
  call: Recording,
  g: ConvGeometry,
  dy: TensorInfo,
  filter: TensorInfo,
  bias: TensorInfo | undefined,
  dx: TensorInfo,
): void {
  const { batch, inChannels, outChannels, size, before } = g;
  if (pointwise(g)) {
    const factors = { a: { tensor: dy, transposed: false }, b: { tensor: filter, transposed: true } };
    const sizes = { rows: batch * volume(g.input), inner: outChannels, columns: inChannels };
    multiply(call, { ...sizes, ...factors, bias }, dx);
    return;
  }
  const volumes = { source: g.output, sourceChannels: outChannels, result: g.input, resultChannels: inChannels };
  const { count, grid, taps, hop, params } = phasesOf(g);
  const sizes = { rows: batch * volume(grid), inner: taps * outChannels, columns: inChannels };
  if (suitsDirect(g, volumes) && !matricesFor(call, sizes)) {
    const mirrored = perAxis((a) => size[a] - 1 - before[a]);
    const tensors = { source: dy, filter, bias, result: dx };
    direct(call, { batch, ...volumes, before: mirrored, mirrored: true, tensors });
    return;
  }
  const wide = outChannels % 4 === 0;
  const product = {
    ...{ ...sizes, count, bias, arrangement: PHASES },
    left: { operand: gathered('voxels', wide), tensor: dy },
    right: { operand: phaseFilter(wide), tensor: filter },
    params: { ...params, ...gridParams(g.output, outChannels, wide, [1, 1, 1], hop) },
  };
  runProduct(call, product, dx);
}

/** Records dw[k] = Σ_o x[o·stride − before + k·dilation]ᵀ·dy[o] into `dw`. */
export function filterGrad(call: Recording, g: ConvGeometry, x: TensorInfo, dy: TensorInfo, dw: TensorInfo): void {
  const { batch, inChannels, outChannels } = g;
  const sizes = { rows: volume(g.size) * inChannels, inner: batch * volume(g.output), columns: outChannels };
  if (pointwise(g)) {
    multiply(call, { ...sizes, a: { tensor: x, transposed: true }, b: { tensor: dy, transposed: false } }, dw);
    return;
  }
  const wide = inChannels % 4 === 0;
  const product = {
    ...{ ...sizes, count: 1, arrangement: FORWARD },
    left: { operand: gathered('taps', wide), tensor: x },
    right: { operand: matrix('right', 'outer', outChannels % 4 === 0), tensor: dy },
    params: { ...sizes, ...planParams(g, wide) },
  };
  runProduct(call, product, dw);
}

/** A convolution's voxels and taps, as it or the gradient of its filter runs over them. */
const FORWARD: Arrangement = {
  key: 'forward',
  params: {
    ...{ rows: 'u32', inner: 'u32', rowTiles: 'u32' },
    ...declared<Scalar>('u32', 'grid', 'taps'),
    ...declared<Scalar>('i32', 'origin'),
  },
  declarations: `
fn filterStep(unit: u32) {}
fn place(row: u32) -> u32 { return row; }`,
  prologue: `
  let column0 = tile % p.columnTiles * COLUMNS;
  let row0 = tile / p.columnTiles * ROWS;
  let inner = p.inner;
  rowCount = p.rows;
  innerCount = inner;
  grid = vec3(p.grid0, p.grid1, p.grid2);
  taps = vec3(p.taps0, p.taps1, p.taps2);
  origin = ${vector('origin')};`,
};

function planParams(g: ConvGeometry, wide: boolean): Record<string, number> {
  return {
    ...gridParams(g.input, g.inChannels, wide, g.strides, g.dilations),
    ...numbered('grid', g.output),
    ...numbered('taps', g.size),
    ...numbered(
      'origin',
      perAxis((a) => -g.before[a]),
    ),
  };
}
