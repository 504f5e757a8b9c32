import { CrlnError } from '@crln/core';

interface Surroundings {
  navigator?: { gpu?: GPU };
  process?: { versions?: { node?: string } };
}

/** What keeps Dawn's entry alive: the process aborts where it is collected while a device lives. */
const pinned = new Set<GPU>();

/**
 * The entry to WebGPU: the browser's own, or in Node that of Dawn, which the npm package `webgpu` brings.
 * @param dawn options of `webgpu`'s `create`, such as `backend=null`; a browser has none
 * @throws CrlnError `missing-dependency` in Node without the package, `backend-unavailable` in a browser without WebGPU
 */
export async function findGpu(dawn: readonly string[]): Promise<GPU> {
  const { navigator, process } = globalThis as Surroundings;
  if (navigator?.gpu) return navigator.gpu;
  if (process?.versions?.node === undefined) {
    throw new CrlnError(
      'backend-unavailable',
      "crln-webgpu: this browser has no WebGPU (navigator.gpu); use a current browser on a secure page (https or localhost), or backend 'wasm'",
    );
  }
  const gpu = (await loadDawn()).create([...dawn]);
  pinned.add(gpu);
  return gpu;
}

/** Lets go of what {@link findGpu} gave, once its devices are destroyed. */
export function releaseGpu(gpu: GPU): void {
  pinned.delete(gpu);
}

async function loadDawn(): Promise<{ create(options: string[]): GPU }> {
  try {
    // A variable, so that bundlers and tsc do not look for a package that is for Node alone.
    const specifier = 'webgpu';
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier)) as never;
  } catch (cause) {
    throw new CrlnError(
      'missing-dependency',
      `crln-webgpu: in Node this backend needs the package webgpu (npm install webgpu@0.6.2): ${(cause as Error).message}`,
      { package: 'webgpu', version: '0.6.2' },
      { cause },
    );
  }
}
