import { backend_util, type DataType, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { defineKernel, type KernelCall, type Operand } from '../kernelConfig.js';
import { elementOf } from './elementwise.js';
import { arithmeticSequence } from './fill.js';
import { middleAxes, planReduction, reductionShader } from './reduction.js';

/** How elements become one. */
interface Operation {
  /** WGSL of two results a and b together. */
  float: string;
  whole?: string;
  /** WGSL to start with; undefined where the first element may be taken twice. */
  start?: string;
  /** The result of no elements: of floats, of whole numbers. */
  empty: readonly [number, number];
  /** Of the result; by default the tensor's. */
  dtype?: (x: DataType) => DataType;
}

const counted = (x: DataType): DataType => (x === 'float32' ? 'float32' : 'int32');
const LARGEST = 2147483647;

const OPERATIONS = {
  Sum: { float: 'a + b', start: '0', empty: [0, 0], dtype: counted },
  Mean: { float: 'a + b', start: '0', empty: [Number.NaN, Number.NaN], dtype: () => 'float32' },
  Prod: { float: 'a * b', start: '1', empty: [1, 1], dtype: counted },
  Max: {
    float: 'select(max(a, b), nan(), isNan(a) || isNan(b))',
    whole: 'max(a, b)',
    empty: [Number.NEGATIVE_INFINITY, -LARGEST - 1],
  },
  Min: {
    float: 'select(min(a, b), nan(), isNan(a) || isNan(b))',
    whole: 'min(a, b)',
    empty: [Number.POSITIVE_INFINITY, LARGEST],
  },
  Any: { float: 'max(a, b)', empty: [0, 0] },
  All: { float: 'min(a, b)', empty: [1, 1] },
} as const satisfies Record<string, Operation>;

interface ReduceAttrs {
  axis?: number | number[];
  /** What Max calls its axes. */
  reductionIndices?: number | number[];
  keepDims: boolean;
}

/** The shape that is left, and what goes. */
function outcome(x: TensorInfo, { axis, reductionIndices, keepDims }: ReduceAttrs) {
  const axes = util.parseAxisParam((axis ?? reductionIndices)!, x.shape);
  const [kept, gone] = backend_util.computeOutAndReduceShapes(x.shape, axes);
  const shape = keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept;
  return { axes, shape, count: util.sizeFromShape(gone) };
}

/** In as many passes as keep the whole GPU at work: see {@link planReduction}. */
const reduction = ([name, operation]: [string, Operation]): KernelConfig =>
  defineKernel<{ x: TensorInfo }, ReduceAttrs>(name, (call) => {
    const { x } = call.inputs;
    const { axes, shape, count } = outcome(x, call.attrs);
    const dtype = operation.dtype?.(x.dtype) ?? x.dtype;
    const type = elementOf(dtype);
    if (count === 0) {
      return arithmeticSequence(call, shape, dtype, { start: operation.empty[type === 'f32' ? 0 : 1] });
    }
    const y = call.output(shape, dtype);
    if (util.sizeFromShape(shape) > 0) reduceInto(call, [name, operation], x, y, middleAxes(x.shape, axes), count);
    return y;
  });

function reduceInto(
  { run, scratch }: Pick<KernelCall<unknown, unknown>, 'run' | 'scratch'>,
  [name, { float, whole = float, start }]: [string, Operation],
  x: TensorInfo,
  y: TensorInfo,
  passes: ReturnType<typeof middleAxes>,
  count: number,
): void {
  const type = elementOf(y.dtype);
  let [source, stored]: [Operand, 'f32' | 'i32'] = [x, elementOf(x.dtype)];
  for (let pass = passes.shift(); pass; ) {
    const plan = planReduction(pass);
    const next = plan.parts > 1 ? { ...pass, reduced: plan.parts } : passes.shift();
    const target = next ? scratch(pass.outer * plan.parts * pass.inner) : y;
    const divides = name === 'Mean' && !next;
    const key = `${name} ${stored} ${type} ${divides}`;
    const program = reductionShader(key, plan, () => ({
      inputs: { x: stored },
      result: type,
      ...(divides && { params: { divisor: 'f32' } }),
      type,
      declarations: `fn combine(a: ${type}, b: ${type}) -> ${type} { return ${type === 'f32' ? float : whole}; }`,
      start,
      load: `${type}(x[at])`,
      finish: divides ? 'total / p.divisor' : 'total',
    }));
    run(program, { x: source, y: target }, { ...plan.params, divisor: count }, plan.groups);
    [source, stored, pass] = [target, type, next];
  }
}

export const reduceKernels: readonly KernelConfig[] = Object.entries<Operation>(OPERATIONS).map(reduction);
