import { type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type Element, flatGroups, type Scalar, type ShaderSource, shader } from '../gpu/shader.js';
import type { KernelCall } from '../kernelConfig.js';
import { type Axis, position, positionParams, stepsIn, walk } from './axes.js';

/** A result whose elements each come from the elements of the operands at the same place, with broadcasting. */
export interface Elementwise {
  /** Stands for `code` and `declarations`. */
  name: string;
  /** Each broadcasts to `shape`. At most 7. */
  operands: Record<string, TensorInfo>;
  /** WGSL of an element, f32 for a float32 result, else i32, from numbers that are called as the operands are, and parameters `p.x`. */
  code: string;
  /** What `code` sees of an operand; by default f32 of float32, else i32. */
  types?: Readonly<Record<string, 'f32' | 'i32'>>;
  declarations?: string;
  params?: Readonly<Record<string, Parameter>>;
  shape: readonly number[];
  dtype: DataType;
}

type Parameter = readonly [type: Scalar, value: number];
type Call = Pick<KernelCall<unknown, unknown>, 'output' | 'known' | 'run'>;

/** What a GPU holds elements of the type as. */
export const elementOf = (dtype: DataType): 'f32' | 'i32' => (dtype === 'float32' ? 'f32' : 'i32');

const WORKGROUP = 256;

/**
 * Runs an elementwise operation; a thread makes four elements at once where they lie side by side, else one. Operands of one element
 * that the program made become parameters, so that nothing is uploaded.
 */
export function elementwise({ output, known, run }: Call, operation: Elementwise): TensorInfo {
  const { name, operands, types = {}, params = {}, shape, dtype } = operation;
  const y = output(shape, dtype);
  const size = util.sizeFromShape(y.shape);
  if (size === 0) return y;
  const tensors = Object.values(operands);
  const axes = walk(
    shape,
    tensors.map((tensor) => stepsIn(tensor.shape, shape)),
  );
  const inner = axes.at(-1)!;
  // Buffers end at multiples of 256 bytes: what a last vector has too much is nobody's.
  const width = axes.length === 1 || inner.size % 4 === 0 ? 4 : 1;
  inner.size = Math.ceil(inner.size / width);
  const views = Object.entries(operands).map(([operand, tensor], i) => {
    const value = util.sizeFromShape(tensor.shape) === 1 ? known(tensor)?.[0] : undefined;
    return viewOf(operand, tensor, axes, i, { type: types[operand], width, value });
  });
  const count = Math.ceil(size / width);
  const parameters: Record<string, Parameter> = { ...params, count: ['u32', count] };
  for (const [step, value] of Object.entries(positionParams(axes.map((axis) => axis.size)))) {
    parameters[step] = ['u32', value];
  }
  for (const view of views) Object.assign(parameters, view.params);
  const key = views.map(({ type, stored, element, read }) => `${type} ${stored} ${element} ${read}`);
  const program = shader(`elementwise ${name} ${elementOf(dtype)} ${width} ${axes.length} ${key}`, () =>
    write(operation, views, axes.length, width, parameters),
  );
  run(
    program,
    { ...Object.fromEntries(views.map(({ binding, tensor }) => [binding, tensor])), y },
    Object.fromEntries(Object.entries(parameters).map(([parameter, [, value]]) => [parameter, value])),
    flatGroups(count, WORKGROUP),
  );
  return y;
}

/** How the shader comes by an operand's elements. */
interface View {
  name: string;
  tensor: TensorInfo;
  binding: string;
  /** What it holds. */
  stored: 'f32' | 'i32';
  /** What is bound; undefined for a parameter. */
  element: Element | undefined;
  /** WGSL that reads one element, or four side by side. */
  read: string;
  /** What the operation sees of it. */
  type: 'f32' | 'i32';
  params: Record<string, Parameter>;
}

function viewOf(
  name: string,
  tensor: TensorInfo,
  axes: readonly Axis[],
  i: number,
  { type, width, value }: { type: View['type'] | undefined; width: number; value: number | undefined },
): View {
  const stored = elementOf(tensor.dtype);
  const view = { name, tensor, binding: `${name}Values`, stored, type: type ?? stored };
  if (value !== undefined)
    return { ...view, element: undefined, read: `p.${name}`, params: { [name]: [stored, value] } };
  const last = axes.length - 1;
  // The innermost step is 0 or 1.
  const vector = width === 4 && axes[last]!.steps[i] === 1;
  const params: Record<string, Parameter> = {};
  const terms = axes.flatMap(({ steps }, a) => {
    const step = steps[i]!;
    if (step === 0) return [];
    if (a === last) return [`c${a}`];
    params[`${name}${a}`] = ['u32', vector ? step / 4 : step];
    return [`c${a} * p.${name}${a}`];
  });
  const read = `${view.binding}[${terms.join(' + ') || '0'}]`;
  return { ...view, element: vector ? `vec4<${stored}>` : stored, read, params };
}

function write(
  { code, declarations = '', dtype }: Elementwise,
  views: readonly View[],
  rank: number,
  width: number,
  parameters: Readonly<Record<string, Parameter>>,
): ShaderSource {
  const result = elementOf(dtype);
  const lane = (component: string) =>
    `f(${views.map(({ name, element, type }) => `${type}(${name}${element?.startsWith('vec4') ? component : ''})`)})`;
  return {
    inputs: Object.fromEntries(views.flatMap(({ binding, element }) => (element ? [[binding, element]] : []))),
    outputs: { y: width === 4 ? `vec4<${result}>` : result },
    params: Object.fromEntries(Object.entries(parameters).map(([parameter, [type]]) => [parameter, type])),
    workgroup: [WORKGROUP],
    declarations: `${declarations}
fn f(${views.map(({ name, type }) => `${name}: ${type}`)}) -> ${result} { return ${code}; }`,
    body: `
  if (index < p.count) {
    ${position(rank)}
    ${views.map(({ name, read }) => `let ${name} = ${read};`).join('\n')}
    y[index] = ${width === 4 ? `vec4<${result}>(${['.x', '.y', '.z', '.w'].map(lane)})` : lane('')};
  }`,
  };
}
