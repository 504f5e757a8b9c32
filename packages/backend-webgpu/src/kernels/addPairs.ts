import { KERNELS } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type Block, joined, splitBytes } from '../gpu/pool.js';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { expectTypes } from './operandTypes.js';
import { each } from './parameters.js';

const WORKGROUP = 256;
/** Sums of one dispatch, which bind two buffers each and one for all results. */
const MOST = 3;

interface Pair {
  /** Which output. */
  number: number;
  shape: readonly number[];
  bytes: number;
  a: Block;
  b: Block;
  /** A term that is a sum in parts is so many arrays, one behind the other. */
  aParts: number;
  bParts: number;
}

/** Pairs that lie side by side in memory, and so are added up as one. */
interface Run extends Pick<Pair, 'a' | 'b' | 'aParts' | 'bParts' | 'bytes'> {
  pairs: Pair[];
}

type Call = Pick<KernelCall<unknown, unknown>, 'backend' | 'run'>;

function runs(pairs: readonly Pair[]): Run[] {
  const neighbours = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const { a, b, number } = pair;
    const key = a.whole && b.whole ? `${a.id} ${b.id}` : `pair ${number}`;
    neighbours.set(key, [...(neighbours.get(key) ?? []), pair]);
  }
  return [...neighbours.values()].flatMap((group) => {
    const sorted = group.sort((one, other) => one.a.offset - other.a.offset);
    const [a, b] = [joined(sorted.map((pair) => pair.a)), joined(sorted.map((pair) => pair.b))];
    if (!a || !b || sorted.length === 1) return sorted.map((pair) => ({ ...pair, pairs: [pair] }));
    const before = splitBytes(sorted.slice(0, -1).map(({ bytes }) => bytes));
    return [{ pairs: sorted, a, b, aParts: 1, bParts: 1, bytes: before + sorted.at(-1)!.bytes }];
  });
}

const SUMS = (count: number) =>
  shader(`add pairs ${count}`, () => {
    const numbers = Array.from({ length: count }, (_, i) => i);
    return {
      inputs: each(
        numbers.flatMap((i) => [`a${i}`, `b${i}`]),
        'vec4<f32>',
      ),
      outputs: { y: 'vec4<f32>' },
      params: each(
        numbers.flatMap((i) => [`start${i}`, `size${i}`, `aParts${i}`, `bParts${i}`]),
        'u32',
      ),
      workgroup: [WORKGROUP],
      body: numbers
        .map(
          (i) => `
  if (index >= p.start${i} && index - p.start${i} < p.size${i}) {
    let at = index - p.start${i};
    var a = a${i}[at];
    for (var part = 1u; part < p.aParts${i}; part++) { a += a${i}[part * p.size${i} + at]; }
    var b = b${i}[at];
    for (var part = 1u; part < p.bParts${i}; part++) { b += b${i}[part * p.size${i} + at]; }
    y[index] = a + b;
  }`,
        )
        .join(''),
    };
  });

/** Adds up some runs in one dispatch, into tensors that share a buffer. */
function addRuns({ backend, run }: Call, together: readonly Run[], results: TensorInfo[]): void {
  const sizes = together.flatMap(({ pairs }) => pairs.map(({ bytes }) => bytes));
  const purpose = { kernel: KERNELS.AddPairs, shape: [splitBytes(sizes) / 4] };
  const y = backend.take(splitBytes(sizes), purpose);
  const operands: Record<string, Block> = { y };
  const params: Record<string, number> = {};
  let start = 0;
  together.forEach(({ pairs, a, b, aParts, bParts, bytes }, i) => {
    Object.assign(operands, { [`a${i}`]: a, [`b${i}`]: b });
    Object.assign(params, { [`start${i}`]: start / 16, [`size${i}`]: Math.ceil(bytes / 16) });
    Object.assign(params, { [`aParts${i}`]: aParts, [`bParts${i}`]: bParts });
    start += splitBytes(pairs.map((pair) => pair.bytes));
  });
  run(SUMS(together.length), operands, params, flatGroups(start / 16, WORKGROUP));
  const parts = backend.pool.split(y, sizes);
  together
    .flatMap(({ pairs }) => pairs)
    .forEach(({ number, shape }, i) => {
      results[number] = backend.adopt(parts[i]!, [...shape], 'float32');
    });
}

/** Where a term lies: in parts, where it is a sum in parts that four numbers a thread can walk through. */
function term({ backend, exact }: Pick<KernelCall<unknown, unknown>, 'backend' | 'exact'>, x: TensorInfo) {
  const sum = backend.deferred(x);
  if (sum && !sum.bias && sum.size % 4 === 0) return { block: sum.parts, parts: sum.count };
  const operand = exact(x);
  return { block: 'dataId' in operand ? backend.block(operand, KERNELS.AddPairs) : operand, parts: 1 };
}

/** a0 + b0, a1 + b1, …: three sums a dispatch, and more where they lie side by side. */
const addPairs = defineKernel<Record<string, TensorInfo>>(KERNELS.AddPairs, (call) => {
  const { inputs } = call;
  expectTypes(KERNELS.AddPairs, inputs, []);
  const pairs: Pair[] = [];
  for (let number = 0, x = inputs.a0; x; x = inputs[`a${++number}`]) {
    const [a, b] = [term(call, x), term(call, inputs[`b${number}`]!)];
    const bytes = 4 * util.sizeFromShape(x.shape);
    pairs.push({ number, shape: x.shape, bytes, a: a.block, b: b.block, aParts: a.parts, bParts: b.parts });
  }
  const found = runs(pairs);
  const results: TensorInfo[] = [];
  for (let first = 0; first < found.length; first += MOST) addRuns(call, found.slice(first, first + MOST), results);
  return results;
});

export const addPairsKernels: readonly KernelConfig[] = [addPairs];
