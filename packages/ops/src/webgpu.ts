import type { TileQuestion, TileTable } from '@crln/backend-webgpu';
import { CrlnError } from '@crln/core';
import { backend } from '@tensorflow/tfjs-core';

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

/** How the current backend stores activations: `'f16'` only where `useBackend('webgpu', { precision: 'f16' })` was asked for. */
export function activationPrecision(): 'f32' | 'f16' {
  const { precision } = backend() as { precision?: unknown };
  return precision === 'f16' ? 'f16' : 'f32';
}

/**
 * Starts measuring what the GPU does from here on, by its own clock where it shows that; nothing where the current backend is not `webgpu`.
 * @returns ends the measurement: milliseconds
 */
export function startGpuStopwatch(): (() => Promise<number>) | undefined {
  const current = backend() as { startStopwatch?: () => () => Promise<number> };
  return current.startStopwatch?.();
}

/** How kernels are cut up, a way to have them go by another table, and what is best measured about it. */
interface GpuTiles {
  table: TileTable;
  use(table: unknown): void;
  questions: TileQuestion[];
}

/** The same of the current backend, where that is `webgpu`. */
export async function gpuTiles(): Promise<GpuTiles | undefined> {
  const current = backend() as { tileQuestions?: () => TileQuestion[] };
  const questions = current.tileQuestions?.();
  if (!questions) return undefined;
  const { tileTable, useTiles } = await loadWebGpu();
  return { table: tileTable(), use: useTiles, questions };
}

/** What the GPU says of itself: see `inspectGpu` of `@crln/backend-webgpu`. */
export const inspectGpu = async () => (await loadWebGpu()).inspectGpu();
