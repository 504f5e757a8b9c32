import { type Element, type Shader, type ShaderSource, type Size, shader } from '../gpu/shader.js';

const WORKGROUP = 256;
/** Workgroups of a pass whose results another pass adds up. */
const MOST_PARTS = 512;
/** Bytes of neighbouring channels that a workgroup takes where it takes all voxels: as many as memory hands out at once. */
const NARROW = 64;
/** Voxels of a thread up to which a workgroup for all of them beats a second dispatch. */
const MOST_ALONE = 64;

/** The type of a lane in memory and shaders. */
export type Lane = 'f32' | 'vec4<f32>';

/** Four neighbouring channels where their count divides by four, else one. */
export const laneOf = (channels: number): Lane => (channels % 4 === 0 ? 'vec4<f32>' : 'f32');

/** The walk of a pass over lanes: its workgroups, and what its shader takes besides its own parameters. */
export interface Walk {
  /** Workgroups that share a group's voxels. */
  parts: number;
  groups: Size;
  params: Record<keyof typeof PARAMS, number>;
}

const PARAMS = {
  voxels: 'u32',
  each: 'u32',
  channels: 'u32',
  lanes: 'u32',
  rows: 'u32',
  half: 'u32',
} as const;

/**
 * A channels-last array [groups, voxels, channels] as voxels of lanes: a lane is four neighbouring channels where their count divides
 * by four, else one. A workgroup takes some `rows` voxels at a time, one lane a thread, so that neighbouring threads read
 * neighbouring lanes and a thread stays with its channels: what it knows or sums of them stays in registers.
 */
export class Lanes {
  readonly element: Lane;
  /** Voxels of a group. */
  readonly voxels: number;
  /** Lanes of a voxel. */
  readonly channels: number;
  /** Numbers of a voxel. */
  readonly width: number;
  /** Workgroups over a voxel's lanes. */
  readonly #blocks: number;
  readonly #lanes: number;
  readonly #rows: number;
  /** Voxels that a thread of a reduction takes at least. */
  readonly #least: number;

  /**
   * @param groups cut the first axis: 1, or one for each sample
   * @param most lanes of a workgroup
   */
  constructor(
    shape: readonly number[],
    readonly groups = 1,
    most = WORKGROUP,
  ) {
    this.#least = most < WORKGROUP ? MOST_ALONE : 32;
    const width = shape.at(-1) ?? 1;
    const size = shape.reduce((a, b) => a * b, 1);
    this.voxels = size === 0 ? 0 : size / groups / width;
    this.width = width;
    this.element = laneOf(width);
    this.channels = this.element === 'f32' ? width : width / 4;
    this.#blocks = Math.max(1, Math.ceil(this.channels / most));
    this.#lanes = Math.max(1, Math.ceil(this.channels / this.#blocks));
    this.#rows = Math.floor(WORKGROUP / this.#lanes);
  }

  /**
   * Lanes of which one workgroup takes all voxels of a group, so that one dispatch does what takes two where workgroups must wait for each
   * other; undefined where these are too many for it.
   */
  static alone(shape: readonly number[], groups = 1): Lanes | undefined {
    const most = laneOf(shape.at(-1) ?? 1) === 'f32' ? NARROW / 4 : NARROW / 16;
    const lanes = new Lanes(shape, groups, most);
    return lanes.voxels <= lanes.#rows * MOST_ALONE ? lanes : undefined;
  }

  /** A walk in which a thread takes `least` voxels or more, and of `most` workgroups or fewer. */
  walk(least: number, most: number): Walk {
    const { groups, voxels, channels } = this;
    const [blocks, lanes, rows] = [this.#blocks, this.#lanes, this.#rows];
    const wanted = Math.max(1, Math.min(Math.ceil(voxels / (rows * least)), Math.floor(most / (blocks * groups))));
    const each = Math.max(1, Math.ceil(voxels / wanted));
    const parts = Math.max(1, Math.ceil(voxels / each));
    const half = rows > 1 ? 2 ** Math.floor(Math.log2(rows - 1)) : 0;
    return { parts, groups: [parts, blocks, groups], params: { voxels, each, channels, lanes, rows, half } };
  }

  /** Voxels of a thread where a workgroup takes all of a group. */
  get deep(): number {
    return Math.ceil(this.voxels / this.#rows);
  }

  /** Lanes of so many numbers. */
  count(numbers: number): number {
    return this.element === 'f32' ? numbers : numbers / 4;
  }

  /** The walk of a pass that leaves something for every part. */
  reduction(): Walk {
    return this.walk(this.#least, MOST_PARTS);
  }

  /** The walk of a pass that only maps. */
  mapping(): Walk {
    return this.walk(8, 32_768);
  }

  /** One workgroup for each group's lanes: for what the parts of another walk have left. */
  whole(): Walk {
    return this.walk(Number.POSITIVE_INFINITY, 1);
  }
}

/** A shader over lanes; `T` stands for the type of a lane in bindings and code. */
export interface LaneSource {
  inputs: Record<string, Element | 'T'>;
  outputs: Record<string, Element | 'T'>;
  params?: ShaderSource['params'];
  declarations?: string;
  body: string;
}

/**
 * The shader of a pass over lanes. Beside what every body sees, this one does the lane type `T`, `anyNan(x)` by component, `relu(x)`,
 *
 * - `channel`: the thread's lane in a voxel, where `live`; else it has none (all its barriers it must meet),
 * - `row`: its voxel among those that the workgroup takes at a time; they start at `begin` and end before `end`,
 * - `base`: the group's first voxel; `place`: the group's lane in an array [groups, channels].
 */
export function laneShader(key: string, { element }: Lanes, make: () => LaneSource): Shader {
  return shader(`${key} ${element}`, () => {
    const { inputs, outputs, params, declarations = '', body } = make();
    const typed = (bindings: LaneSource['inputs']) =>
      Object.fromEntries(Object.entries(bindings).map(([name, type]) => [name, type === 'T' ? element : type]));
    return {
      inputs: typed(inputs),
      outputs: typed(outputs),
      params: { ...PARAMS, ...params },
      workgroup: [WORKGROUP],
      declarations: `${laneCode(element)}\n${declarations}`,
      body: `
  let lane = thread % p.lanes;
  let row = thread / p.lanes;
  let channel = group.y * p.lanes + lane;
  let live = row < p.rows && channel < p.channels;
  let begin = group.x * p.each;
  let end = min(begin + p.each, p.voxels);
  let base = group.z * p.voxels;
  let place = group.z * p.channels + channel;
${body}`,
    };
  });
}

/** WGSL that goes through a live thread's voxels: the body sees `v`, and where its lane is `at` in the array. */
export const eachVoxel = (body: string): string => `
    for (var v = begin + row; v < end; v += p.rows) {
      let at = (base + v) * p.channels + channel;
      ${body}
    }`;

/** The type of a lane, and what is done with one. */
export const laneCode = (element: Lane): string => {
  const [truth, bits] = element === 'f32' ? ['bool', 'u32'] : ['vec4<bool>', 'vec4<u32>'];
  return `alias T = ${element};
alias B = ${bits};
fn anyNan(x: T) -> ${truth} { return (bitcast<${bits}>(x) & ${bits}(0x7fffffffu)) > ${bits}(0x7f800000u); }
fn relu(x: T) -> T { return select(max(x, T(0)), x, anyNan(x)); }`;
};

/**
 * Combines what threads of the same lane and different rows have in workgroup memory, in a fixed order: then the first row has it.
 * @param combine WGSL that takes thread `b`'s into thread `a`'s
 */
export const acrossRows = (combine: string): string => `
  for (var step = p.half; step > 0u; step >>= 1u) {
    workgroupBarrier();
    if (row < step && row + step < p.rows) {
      let a = thread;
      let b = thread + step * p.lanes;
      ${combine}
    }
  }
  workgroupBarrier();`;

/** The shader of a pass that maps voxel by voxel: `setup` says what a thread knows of its channels, `each` of a voxel, `value` what `y[at]` is. */
export const laneMap = (
  key: string,
  lanes: Lanes,
  {
    inputs,
    params,
    setup,
    each = '',
    value,
  }: { inputs: readonly string[]; params?: ShaderSource['params']; setup: string; each?: string; value: string },
): Shader =>
  laneShader(key, lanes, () => ({
    inputs: Object.fromEntries(inputs.map((name) => [name, 'T'])),
    outputs: { y: 'T' },
    ...(params && { params }),
    body: `if (live) { ${setup} ${eachVoxel(`${each} y[at] = ${value};`)} }`,
  }));
