import { type ConvAttrs, convGeometry, KERNELS, type Pads3d, type Triple } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { suitsWinograd, winograd, winogradGrad } from '../src/conv/winograd.js';
import { engine } from '../src/engine.js';
import { RUNS, useWasm } from './kernels/harness.js';
import { ReferenceConv, randomArray, relativeError, sizeOf } from './reference.js';

beforeAll(useWasm);

interface Problem {
  batch: number;
  size: Triple;
  ci: number;
  co: number;
  pads: Pads3d;
  bias: boolean;
}

const everySide = (n: number): Pads3d => [
  [n, n],
  [n, n],
  [n, n],
];
const plain = (pads: Pads3d): ConvAttrs => ({ strides: [1, 1, 1], pads, dilations: [1, 1, 1] });

/** The three directions by Winograd's kernels, however small the problem, against the float64 definition: max|a − b| / max|b| of each. */
function errors({ batch, size, ci, co, pads, bias }: Problem): number[] {
  const shape = [batch, ...size, ci];
  const filterShape = [3, 3, 3, ci, co];
  const attrs = plain(pads);
  const reference = new ReferenceConv(shape, filterShape, attrs);
  const g = convGeometry('Test', shape, filterShape, attrs);
  const xs = randomArray(sizeOf(shape), 1);
  const ws = randomArray(sizeOf(filterShape), 2);
  const dys = randomArray(sizeOf(reference.yShape), 3);
  const outBias = bias ? randomArray(co, 4) : undefined;
  const inBias = bias ? randomArray(ci, 5) : undefined;
  const { heap } = engine();
  return heap.call(() => {
    const room = (count: number) => heap.floats(count, { kernel: 'Test', shape: [count] });
    const put = (values: Float32Array) => {
      const at = room(values.length);
      at.set(values);
      return at.byteOffset;
    };
    const [x, filter, dy] = [put(xs), put(ws), put(dys)];
    const [y, dx, dw] = [room(dys.length), room(xs.length), room(ws.length)];
    const input = { at: x, size, channels: ci };
    const output = { at: dy, size: g.output, channels: co };
    const common = { kernel: 'Test', batch, filter };
    winograd({
      ...common,
      source: input,
      result: { ...output, at: y.byteOffset },
      bias: outBias && put(outBias),
      filterStrides: { tap: ci * co, source: co, result: 1 },
      before: g.before,
      mirrored: false,
    });
    winograd({
      ...common,
      source: output,
      result: { ...input, at: dx.byteOffset },
      bias: inBias && put(inBias),
      filterStrides: { tap: ci * co, source: 1, result: co },
      before: g.before.map((n) => 2 - n) as Triple,
      mirrored: true,
    });
    winogradGrad({
      kernel: 'Test',
      batch,
      source: input,
      gradient: output,
      before: g.before,
      result: dw.byteOffset,
    });
    return [
      relativeError(y, reference.forward(xs, ws, outBias)),
      relativeError(dx, reference.inputGrad(dys, ws, inBias)),
      relativeError(dw, reference.filterGrad(xs, dys)),
    ];
  });
}

const pad = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }));
const problems: fc.Arbitrary<Problem> = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    size: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 10 })),
    ci: fc.constantFrom(1, 3, 5, 8, 17, 20),
    co: fc.constantFrom(1, 3, 5, 8, 17, 20),
    pads: fc.tuple(pad, pad, pad),
    bias: fc.boolean(),
  })
  .map((p) => ({ ...p, size: p.size.map((n, a) => Math.max(n, 3 - p.pads[a]![0] - p.pads[a]![1])) as Triple }));

describe("Winograd's kernels", () => {
  it('equal the float64 definition for any size, padding and channels, with both gradients', () => {
    fc.assert(
      fc.property(problems, (p) => {
        expect(Math.max(...errors(p))).toBeLessThan(1e-5);
      }),
      { ...RUNS, seed: 11 },
    );
  });

  it.each<[Triple, number, number, number]>([
    [[1, 1, 1], 1, 1, 1],
    [[1, 6, 7], 8, 5, 2],
    [[3, 13, 15], 17, 12, 1],
    [[5, 3, 3], 72, 136, 1],
    [[2, 4, 5], 130, 70, 2],
    [[22, 3, 4], 72, 8, 3],
  ])('equal the definition on %j voxels with %i → %i channels, %i a batch: one unit or many', (size, ci, co, batch) => {
    const pads: Pads3d = [
      [2, 1],
      [0, 2],
      [1, 1],
    ];
    expect(Math.max(...errors({ batch, size, ci, co, pads, bias: true }))).toBeLessThan(1e-5);
  });

  it('keep the error of a large volume small, above all of the filter gradient', () => {
    const [y, dx, dw] = errors({ batch: 1, size: [48, 48, 48], ci: 3, co: 2, pads: everySide(1), bias: false });
    expect(y).toBeLessThan(1e-5);
    expect(dx).toBeLessThan(1e-5);
    expect(dw).toBeLessThan(1e-4);
  });
});

describe('suitsWinograd', () => {
  const suits = (shape: number[], filter: number[], attrs: Partial<ConvAttrs> = {}) => {
    const g = convGeometry('Test', shape, filter, { ...plain(everySide(1)), ...attrs });
    return suitsWinograd(g, g.inChannels, g.output);
  };

  it('is for filters of 3×3×3 without stride and dilation', () => {
    expect(suits([1, 8, 8, 8, 16], [3, 3, 3, 16, 16])).toBe(true);
    expect(suits([1, 8, 8, 8, 16], [3, 3, 1, 16, 16])).toBe(false);
    expect(suits([1, 8, 8, 8, 16], [3, 3, 3, 16, 16], { strides: [1, 2, 1] })).toBe(false);
    expect(suits([1, 8, 8, 8, 16], [3, 3, 3, 16, 16], { dilations: [1, 1, 2] })).toBe(false);
  });

  it('leaves out where the transforms would take longer: few source channels, few voxels', () => {
    expect(suits([1, 32, 32, 32, 1], [3, 3, 3, 1, 16])).toBe(false);
    expect(suits([2, 2, 2, 1, 128], [3, 3, 3, 128, 128])).toBe(false);
    expect(suits([0, 8, 8, 8, 16], [3, 3, 3, 16, 16])).toBe(false);
    expect(suits([2, 7, 7, 5, 64], [3, 3, 3, 64, 64])).toBe(true);
  });
});

describe('tf.conv3d with 3×3×3 filters', () => {
  it.each(['same', 'valid'] as const)("equals the definition with padding '%s', forward and backward", (padding) => {
    const shape = [1, 9, 8, 7, 8];
    const filterShape = [3, 3, 3, 8, 12];
    const reference = new ReferenceConv(shape, filterShape, plain(everySide(padding === 'same' ? 1 : 0)));
    const xs = randomArray(sizeOf(shape), 1);
    const ws = randomArray(sizeOf(filterShape), 2);
    const dys = randomArray(sizeOf(reference.yShape), 3);
    const run = (name: string, inputs: tf.NamedTensorMap, attrs: object) => {
      const result = tf.engine().runKernel(name, inputs, { strides: [1, 1, 1], pad: padding, ...attrs }) as tf.Tensor;
      const values = result.dataSync();
      tf.dispose([result, ...Object.values(inputs)]);
      return values;
    };
    const [x, w, dy] = [
      () => tf.tensor(xs, shape),
      () => tf.tensor(ws, filterShape),
      () => tf.tensor(dys, reference.yShape),
    ];
    const y = run('Conv3D', { x: x(), filter: w() }, { dataFormat: 'NDHWC', dilations: [1, 1, 1] });
    const dx = run('Conv3DBackpropInputV2', { dy: dy(), filter: w() }, { inputShape: shape });
    const dw = run('Conv3DBackpropFilterV2', { x: x(), dy: dy() }, { filterShape });
    expect(relativeError(y, reference.forward(xs, ws))).toBeLessThan(1e-5);
    expect(relativeError(dx, reference.inputGrad(dys, ws))).toBeLessThan(1e-5);
    expect(relativeError(dw, reference.filterGrad(xs, dys))).toBeLessThan(1e-5);
  });

  it('gives back all memory of a call', () => {
    const { heap } = engine();
    const before = heap.blocks;
    tf.tidy(() => {
      const inputs = { x: tf.ones([1, 8, 8, 8, 8]), filter: tf.ones([3, 3, 3, 8, 8]) };
      tf.engine().runKernel(KERNELS.Conv3d, inputs, { ...plain(everySide(1)) });
    });
    expect(heap.blocks).toBe(before);
  });
});
