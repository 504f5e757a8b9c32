import { CrlnError } from '@crln/core';
import { findGpu, releaseGpu } from './access.js';

export interface DeviceOptions {
  /** Which adapter a browser with several should take; `'high-performance'` by default. */
  powerPreference?: GPUPowerPreference;
  /** Options of the npm package `webgpu` in Node, beside those that this package needs: `backend=null`, `adapter=NAME`. */
  dawn?: readonly string[];
}

/** An open device, and what became of it. */
export interface Device {
  readonly gpu: GPUDevice;
  readonly info: GPUAdapterInfo;
  /** Throws what went wrong on the device since it was opened, of which WebGPU tells only later: an error poisons what follows. */
  check(): void;
  /** Notes an error that was found elsewhere. */
  fail(error: CrlnError): void;
  close(): void;
}

/** What Dawn allows only where it is asked: f16 on NVIDIA cards, and matrices of subgroups. */
const TOGGLES = 'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia';

/** Used where the adapter has them. */
const FEATURES = ['shader-f16', 'timestamp-query', 'subgroups', 'chromium-experimental-subgroup-matrix'];

/** The adapter's own limits, not the specification's least ones. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
] as const;

/**
 * The adapter of these options, and the way to let go of it.
 * @throws CrlnError `backend-unavailable` where there is none, `missing-dependency` where Node lacks the package `webgpu`
 */
export async function findAdapter({ powerPreference = 'high-performance', dawn = [] }: DeviceOptions) {
  const entry = await findGpu([TOGGLES, ...dawn]);
  const adapter = await entry.requestAdapter({ powerPreference }).catch((cause: unknown) => {
    throw unavailable((cause as Error).message, cause);
  });
  if (!adapter) throw unavailable('the system has no adapter');
  return { adapter, release: () => releaseGpu(entry) };
}

/**
 * Opens a device with all that its adapter offers.
 * @throws CrlnError as {@link findAdapter}
 */
export async function openDevice(options: DeviceOptions): Promise<Device> {
  const { adapter, release } = await findAdapter(options);
  const gpu = await adapter.requestDevice({
    requiredFeatures: FEATURES.filter((name) => adapter.features.has(name)) as GPUFeatureName[],
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
  });
  let failure: CrlnError | undefined;
  /** What the device reports by itself: often a consequence of what a shader's own error says better, and later. */
  let report: CrlnError | undefined;
  const fail = (error: CrlnError) => {
    failure ??= error;
  };
  let closing = false;
  gpu.addEventListener('uncapturederror', (event) => {
    // Told once, as an error, not in the log too.
    event.preventDefault();
    report ??= new CrlnError('internal', `crln-webgpu: the device reports an error: ${event.error.message}`);
  });
  void gpu.lost.then(({ reason, message }) => {
    if (!closing)
      fail(
        new CrlnError(
          'backend-unavailable',
          `crln-webgpu: the device was lost (${reason}): ${message}. What was on it is gone: start again from what was saved`,
          { reason },
        ),
      );
  });
  return {
    gpu,
    info: adapter.info,
    fail,
    check() {
      const error = failure ?? report;
      if (error) throw error;
    },
    close() {
      closing = true;
      gpu.destroy();
      release();
    },
  };
}

function unavailable(why: string, cause?: unknown): CrlnError {
  return new CrlnError(
    'backend-unavailable',
    `crln-webgpu: no GPU adapter for WebGPU: ${why}. On Linux, Node needs a Vulkan driver and loader (libvulkan1); or use backend 'wasm'`,
    {},
    { cause },
  );
}
