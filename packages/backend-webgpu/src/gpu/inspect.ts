import { type DeviceOptions, findAdapter } from './device.js';

/** A product of matrices that the GPU computes with all threads of a subgroup, as `chromium-experimental-subgroup-matrix` has it. */
export interface SubgroupMatrixConfig {
  componentType: string;
  resultComponentType: string;
  M: number;
  N: number;
  K: number;
}

/** What a GPU says of itself. */
export interface GpuReport {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  /** Whether the processor stands in for a GPU. */
  software: boolean;
  features: string[];
  limits: Record<string, number>;
  subgroupMatrixConfigs: SubgroupMatrixConfig[];
}

/** The products of matrices that an adapter says it has. */
export function subgroupMatrixConfigs(info: GPUAdapterInfo): SubgroupMatrixConfig[] {
  const { subgroupMatrixConfigs = [] } = info as GPUAdapterInfo & {
    subgroupMatrixConfigs?: Iterable<SubgroupMatrixConfig>;
  };
  return [...subgroupMatrixConfigs].map(({ componentType, resultComponentType, M, N, K }) => ({
    ...{ componentType, resultComponentType, M, N, K },
  }));
}

/**
 * The adapter that {@link registerWebGpuBackend} would take; opens no device.
 * @throws CrlnError as {@link registerWebGpuBackend}
 */
export async function inspectGpu(options: DeviceOptions = {}): Promise<GpuReport> {
  const { adapter, release } = await findAdapter(options);
  const { info } = adapter;
  const { vendor, architecture, device, description } = info;
  const limits: Record<string, number> = {};
  // Limits are getters of the prototype.
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') limits[name] = value;
  }
  const report = {
    vendor,
    architecture,
    device,
    description,
    software: info.isFallbackAdapter || architecture === 'software' || /llvmpipe|swiftshader/i.test(description),
    features: [...adapter.features].sort(),
    limits,
    subgroupMatrixConfigs: subgroupMatrixConfigs(info),
  };
  release();
  return report;
}
