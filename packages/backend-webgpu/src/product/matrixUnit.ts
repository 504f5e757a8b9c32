import type { Device } from '../gpu/device.js';
import { subgroupMatrixConfigs } from '../gpu/inspect.js';
import { type MatrixDialect, type MatrixSize, matrixDialects } from './matrixDialect.js';

/** What a GPU's subgroups multiply in one instruction, and how to say it. */
export interface MatrixUnit extends MatrixSize {
  /** Threads of a subgroup. */
  subgroup: number;
  dialect: MatrixDialect;
}

const NEEDED = ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'];

/** Tiles are cut into parts of which each side is a multiple of this. */
const MOST = 16;

/** What a device's subgroups multiply, f16 into f32, or why they do not. */
export async function findMatrixUnit({ gpu, info }: Pick<Device, 'gpu' | 'info'>): Promise<MatrixUnit | string> {
  const missing = NEEDED.find((name) => !gpu.features.has(name));
  if (missing) return `the GPU has no ${missing}`;
  const { subgroupMinSize = 0, subgroupMaxSize = 0 } = info;
  // With subgroups of several sizes it is not known how many a workgroup has.
  if (subgroupMinSize === 0 || subgroupMinSize !== subgroupMaxSize) {
    return `its subgroups have ${subgroupMinSize} to ${subgroupMaxSize} threads`;
  }
  const size = largest(subgroupMatrixConfigs(info));
  if (!size) return 'it multiplies no matrices of f16 into f32';
  const dialect = await spoken(gpu, size);
  if (!dialect) return 'it takes none of the known dialects of subgroup matrices';
  return { ...size, subgroup: subgroupMinSize, dialect };
}

function largest(configs: ReturnType<typeof subgroupMatrixConfigs>): MatrixSize | undefined {
  const fits = (n: number) => MOST % n === 0;
  const [best] = configs
    .filter(({ componentType, resultComponentType }) => componentType === 'f16' && resultComponentType === 'f32')
    .filter(({ M, N, K }) => fits(M) && fits(N) && fits(K))
    .sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K);
  return best && { M: best.M, N: best.N, K: best.K };
}

/** The first dialect that a device takes. */
export async function spoken(
  gpu: GPUDevice,
  size: MatrixSize,
  dialects = matrixDialects,
): Promise<MatrixDialect | undefined> {
  for (const dialect of dialects) {
    gpu.pushErrorScope('validation');
    gpu.createShaderModule({ code: sample(dialect, size), label: `subgroup matrices, dialect ${dialect.key}` });
    if (!(await gpu.popErrorScope())) return dialect;
  }
  return undefined;
}

/** A shader with all that a dialect says. */
function sample(dialect: MatrixDialect, size: MatrixSize): string {
  return `${dialect.enables.map((name) => `enable ${name};`).join('\n')}
${dialect.declarations(size)}
var<workgroup> left: array<f16, ${MOST * MOST}>;
var<workgroup> right: array<f16, ${MOST * MOST}>;
var<workgroup> results: array<f32, ${MOST * MOST}>;
@compute @workgroup_size(128)
fn main(@builtin(subgroup_id) subgroup: u32) {
  var sum = ResultMatrix();
  let a = ${dialect.load('left', dialect.subgroup, false, MOST)};
  let b = ${dialect.load('right', dialect.subgroup, true, MOST)};
  sum = ${dialect.multiplyAdd('a', 'b', 'sum')};
  ${dialect.store('0u', 'sum', MOST)}
}`;
}
