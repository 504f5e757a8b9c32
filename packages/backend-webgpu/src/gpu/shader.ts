/** What a binding's elements are. */
export type Element = Scalar | `vec4<${Scalar}>` | 'f16' | 'vec4<f16>' | 'atomic<u32>' | 'atomic<i32>';
export type Scalar = 'f32' | 'i32' | 'u32';
export type Size = readonly [number, number?, number?];

/**
 * A compute shader. Inputs, outputs and parameters are what the body calls them: arrays `x[i]`, and `p.size`. The body sees
 *
 * - `local` (vec3<u32>), `thread` (u32, its number in the workgroup), `group` (vec3<u32>), `groups` (vec3<u32>), `id` (vec3<u32>),
 * - `isNan(x)` and `nan()`,
 * - `subgroup` (u32), the number of the thread's subgroup in the workgroup, where `enables` has `subgroups`,
 * - `index` (u32): the thread's number among all, where groups lie along x and then y, as {@link flatGroups} lays them.
 */
export interface ShaderSource {
  inputs?: Record<string, Element>;
  outputs: Record<string, Element>;
  params?: Record<string, Scalar>;
  workgroup: Size;
  /** Extensions of WGSL that the code needs. */
  enables?: readonly string[];
  /** Constants, workgroup memory and functions. */
  declarations?: string;
  body: string;
}

export interface Shader extends ShaderSource {
  /** Stands for the code: all that it depends on must be in it. */
  readonly key: string;
  readonly code: string;
  /** Names of the bindings in their order. */
  readonly bindings: readonly string[];
  readonly written: ReadonlySet<string>;
}

/** What every body may call: compilers take for granted that there is no NaN, so that x != x never holds. */
const PRELUDE = `
fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn nan() -> f32 { var bits = 0x7fc00000u; return bitcast<f32>(bits); }`;

const shaders = new Map<string, Shader>();

/** The shader of a key, made once. */
export function shader(key: string, make: () => ShaderSource): Shader {
  let found = shaders.get(key);
  if (!found) {
    const source = make();
    const names = [...Object.keys(source.inputs ?? {}), ...Object.keys(source.outputs)];
    found = { ...source, key, code: write(source), bindings: names, written: new Set(Object.keys(source.outputs)) };
    shaders.set(key, found);
  }
  return found;
}

function write(source: ShaderSource): string {
  const { inputs = {}, outputs, params = {}, workgroup, enables = [], declarations = '', body } = source;
  const bindings = [
    ...Object.entries(inputs).map(([name, element]) => ['read', name, element] as const),
    ...Object.entries(outputs).map(([name, element]) => ['read_write', name, element] as const),
  ].map(([access, name, element], i) => `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${element}>;`);
  const fields = Object.entries(params);
  if (fields.length > 0) {
    bindings.push(
      `struct Params { ${fields.map(([name, type]) => `${name}: ${type}`).join(', ')} }`,
      `@group(0) @binding(${bindings.length}) var<uniform> p: Params;`,
    );
  }
  const [x, y = 1, z = 1] = workgroup;
  const extensions = [...new Set(enables)].map((name) => `enable ${name};\n`).join('');
  return `${extensions}${bindings.join('\n')}${PRELUDE}
${declarations}
@compute @workgroup_size(${x}, ${y}, ${z})
fn main(
  @builtin(local_invocation_id) local: vec3<u32>, @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(global_invocation_id) id: vec3<u32>,${enables.includes('subgroups') ? ' @builtin(subgroup_id) subgroup: u32,' : ''}
) {
  let index = (group.y * groups.x + group.x) * ${x * y * z}u + thread;
${body}
}
`;
}

/** The most workgroups along one axis. */
const MOST = 65535;

/** Workgroups for `count` threads, or for `count` groups where `perGroup` is 1, laid along x and then y. */
export function flatGroups(count: number, perGroup = 1): Size {
  const groups = Math.ceil(count / perGroup);
  const rows = Math.ceil(groups / MOST);
  return [Math.ceil(groups / Math.max(rows, 1)), rows];
}
