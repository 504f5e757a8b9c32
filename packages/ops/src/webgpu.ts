import { CrlnError } from '@crln/core';

/**
 * The GPU backend, an optional package.
 * @throws CrlnError `missing-dependency`
 */
export async function loadWebGpu() {
  try {
    // In a try block bundlers let an optional package be absent.
    return await import('@crln/backend-webgpu');
  } catch (cause) {
    throw new CrlnError(
      'missing-dependency',
      `backend 'webgpu' needs the package @crln/backend-webgpu, and webgpu in Node: npm install @crln/backend-webgpu webgpu@0.6.2 (${(cause as Error).message})`,
      { name: 'webgpu', packages: ['@crln/backend-webgpu', 'webgpu'] },
      { cause },
    );
  }
}

/** What the GPU says of itself: see `inspectGpu` of `@crln/backend-webgpu`. */
export const inspectGpu = async () => (await loadWebGpu()).inspectGpu();
