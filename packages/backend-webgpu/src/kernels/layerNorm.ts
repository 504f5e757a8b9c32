import { KERNELS } from '@crln/core';
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, type Shader, shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';
import { channelSums } from './laneSums.js';
import { type Lane, laneCode, laneOf } from './lanes.js';
import { expectTypes } from './operandTypes.js';

const WORKGROUP = 256;

/**
 * Rows of [rows, width], each of lanes as in {@link Lanes}. A power of two of threads takes a row, so that each has a lane or two of a
 * short row, and a long one is shared by a whole workgroup.
 */
class Rows {
  readonly width: number;
  readonly rows: number;
  readonly #lanes: number;
  readonly #element: Lane;
  readonly #threads: number;

  constructor({ shape }: TensorInfo) {
    this.width = shape.at(-1) ?? 1;
    this.rows = this.width && util.sizeFromShape(shape) / this.width;
    this.#element = laneOf(this.width);
    this.#lanes = this.#element === 'f32' ? this.width : this.width / 4;
    this.#threads = Math.min(WORKGROUP, 2 ** Math.ceil(Math.log2(Math.max(this.#lanes / 2, 1))));
  }

  get groups() {
    return flatGroups(this.rows, WORKGROUP / this.#threads);
  }

  get params() {
    const { width, rows } = this;
    return { width, rows, lanes: this.#lanes, threads: this.#threads };
  }

  /** A shader whose body sees the thread's `row`, where it is `first` in lanes, and the thread's `lane` in it. */
  shader(
    key: string,
    inputs: Record<string, 'T' | 'f32'>,
    outputs: Record<string, 'T' | 'f32'>,
    { params = {}, body }: { params?: Record<string, 'f32'>; body: string },
  ): Shader {
    const element = this.#element;
    const typed = (bindings: typeof inputs) =>
      Object.fromEntries(Object.entries(bindings).map(([name, type]) => [name, type === 'T' ? element : type]));
    return shader(`${key} ${element}`, () => ({
      inputs: typed(inputs),
      outputs: typed(outputs),
      params: { width: 'u32', rows: 'u32', lanes: 'u32', threads: 'u32', ...params },
      workgroup: [WORKGROUP],
      declarations: `${laneCode(element)}
fn total(x: T) -> f32 { return ${element === 'f32' ? 'x' : '(x.x + x.y) + (x.z + x.w)'}; }
fn firstOf(x: T) -> f32 { return ${element === 'f32' ? 'x' : 'x.x'}; }
var<workgroup> held: array<vec2<f32>, ${WORKGROUP}>;`,
      body: `
  let lane = thread % p.threads;
  let wanted = index / p.threads;
  let live = wanted < p.rows;
  let row = min(wanted, p.rows - 1u);
  let first = row * p.lanes;
${body}`,
    }));
  }
}

const eachLane = (body: string): string => `
  for (var i = lane; i < p.lanes; i += p.threads) {
    let at = first + i;
    ${body}
  }`;

/** Adds two numbers up over the threads of a row, in a fixed order. */
const acrossRow = (name: string, value: string): string => `
  workgroupBarrier();
  held[thread] = ${value};
  for (var step = p.threads / 2u; step > 0u; step >>= 1u) {
    workgroupBarrier();
    if (lane < step) { held[thread] += held[thread + step]; }
  }
  workgroupBarrier();
  let ${name} = held[thread - lane] / f32(p.width);`;

/** Two passes over x less the row's first number, which takes the digits of a large mean away. */
const LAYER_NORM = `
  let near = firstOf(x[first]);
  var sum = 0.0;
  ${eachLane('sum += total(x[at] - near);')}
  ${acrossRow('beyond', 'vec2<f32>(sum)')}
  var squares = 0.0;
  ${eachLane(`
    let d = (x[at] - near) - beyond.x;
    squares += total(d * d);`)}
  ${acrossRow('spread', 'vec2<f32>(squares)')}
  let scale = 1 / sqrt(spread.x + p.epsilon);
  if (live) {
    ${eachLane('y[at] = fma(((x[at] - near) - beyond.x) * scale, gamma[i], beta[i]);')}
    if (lane == 0u) {
      mean[row] = near + beyond.x;
      rstd[row] = scale;
    }
  }`;

/** Per row: y = γ·(x − mean)·rstd + β with rstd = 1/√(variance + ε), finite at zero variance. */
const layerNorm = defineKernel<Record<'x' | 'gamma' | 'beta', TensorInfo>, { epsilon: number }>(
  KERNELS.LayerNorm,
  ({ inputs, attrs: { epsilon }, output, run }) => {
    expectTypes(KERNELS.LayerNorm, inputs, []);
    const rows = new Rows(inputs.x);
    const [y, mean, rstd] = [output(inputs.x.shape), output([rows.rows]), output([rows.rows])];
    const program = rows.shader(
      'layer norm',
      { x: 'T', gamma: 'T', beta: 'T' },
      { y: 'T', mean: 'f32', rstd: 'f32' },
      { params: { epsilon: 'f32' }, body: LAYER_NORM },
    );
    run(program, { ...inputs, y, mean, rstd }, { ...rows.params, epsilon }, rows.groups);
    return [y, mean, rstd];
  },
);

const LAYER_NORM_GRAD = `
  let m = mean[row];
  let r = rstd[row];
  var sums = vec2<f32>(0);
  ${eachLane(`
    let h = dy[at] * gamma[i];
    sums += vec2<f32>(total(h), total(h * ((x[at] - m) * r)));`)}
  ${acrossRow('means', 'sums')}
  if (live) {
    ${eachLane('dx[at] = r * ((dy[at] * gamma[i] - means.x) - ((x[at] - m) * r) * means.y);')}
  }`;

/** With h = dy·γ and n = (x − mean)·rstd, per row: dx = rstd·(h − mean(h) − n·mean(h·n)); dγ = Σ dy·n, dβ = Σ dy over rows. */
const layerNormGrad = defineKernel<Record<'dy' | 'x' | 'gamma' | 'mean' | 'rstd', TensorInfo>>(
  KERNELS.LayerNormGrad,
  (call) => {
    const { dy, x, mean, rstd } = call.inputs;
    expectTypes(KERNELS.LayerNormGrad, call.inputs, []);
    const dx = call.output(x.shape);
    const rows = new Rows(x);
    const program = rows.shader(
      'layer norm grad',
      { dy: 'T', x: 'T', gamma: 'T', mean: 'f32', rstd: 'f32' },
      { dx: 'T' },
      { body: LAYER_NORM_GRAD },
    );
    call.run(program, { ...call.inputs, dx }, rows.params, rows.groups);
    const sums = {
      inputs: { dy: 'T', x: 'T', mean: 'f32', rstd: 'f32' },
      terms: ['dy[at] * ((x[at] - mean[v]) * rstd[v])', 'dy[at]'],
    } as const;
    const columns = channelSums(call, [rows.rows, rows.width], 'layer norm sums', sums, {
      operands: { dy, x, mean, rstd },
    });
    return [dx, ...columns];
  },
);

export const layerNormKernels: readonly KernelConfig[] = [layerNorm, layerNormGrad];
