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
}

/** Pairs that lie side by side in memory, and so are added up as one. */
interface Run {
  pairs: Pair[];
  a: Block;
  b: Block;
  bytes: number;
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
    const single = sorted.map((pair) => ({ pairs: [pair], a: pair.a, b: pair.b, bytes: pair.bytes }));
    if (!a || !b) return single;
    const before = splitBytes(sorted.slice(0, -1).map(({ bytes }) => bytes));
    return [{ pairs: sorted, a, b, bytes: before + sorted.at(-1)!.bytes }];
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
        numbers.flatMap((i) => [`start${i}`, `size${i}`]),
        'u32',
      ),
      workgroup: [WORKGROUP],
      body: numbers
        .map(
          (i) => `
  if (index >= p.start${i} && index - p.start${i} < p.size${i}) {
    y[index] = a${i}[index - p.start${i}] + b${i}[index - p.start${i}];
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
  together.forEach(({ pairs, a, b, bytes }, i) => {
    Object.assign(operands, { [`a${i}`]: a, [`b${i}`]: b });
    Object.assign(params, { [`start${i}`]: start / 16, [`size${i}`]: Math.ceil(bytes / 16) });
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

/** a0 + b0, a1 + b1, …: three sums a dispatch, and more where they lie side by side. */
const addPairs = defineKernel<Record<string, TensorInfo>>(KERNELS.AddPairs, (call) => {
  const { inputs, backend, exact } = call;
  expectTypes(KERNELS.AddPairs, inputs, []);
  const pairs: Pair[] = [];
  for (let number = 0, a = inputs.a0; a; a = inputs[`a${++number}`]) {
    const bytes = 4 * util.sizeFromShape(a.shape);
    const [first, second] = [a, inputs[`b${number}`]!].map((x) => {
      const operand = exact(x);
      return 'dataId' in operand ? backend.block(operand, KERNELS.AddPairs) : operand;
    });
    pairs.push({ number, shape: a.shape, bytes, a: first!, b: second! });
  }
  const found = runs(pairs);
  const results: TensorInfo[] = [];
  for (let first = 0; first < found.length; first += MOST) addRuns(call, found.slice(first, first + MOST), results);
  return results;
});

export const addPairsKernels: readonly KernelConfig[] = [addPairs];
