import * as tf from '@tensorflow/tfjs-core';
import { type BackendName, useBackend } from './useBackend.js';
import { inspectGpu } from './webgpu.js';

export interface BackendReport {
  name: Exclude<BackendName, 'auto'>;
  /** Whether it starts here. */
  available: boolean;
  /** What it runs on, or why it does not start and what to do. */
  reason: string;
  /** What else there is to know: threads; of a GPU its adapter, features and limits. */
  details: Record<string, unknown>;
}

/** Tries every backend, and says of each whether it starts here. The current one stays the current one. */
export async function inspectBackends(): Promise<BackendReport[]> {
  // Undefined until a backend has been started.
  const current = tf.getBackend() as string | undefined;
  const reports: BackendReport[] = [];
  for (const name of ['wasm', 'webgpu', 'tensorflow', 'cpu'] as const) {
    try {
      const { kernelBuild, threads } = await useBackend(name);
      const details = { ...(threads !== undefined && { threads }), ...(name === 'webgpu' && (await inspectGpu())) };
      reports.push({ name, available: true, reason: kernelBuild, details });
    } catch (error) {
      reports.push({ name, available: false, reason: (error as Error).message, details: {} });
    }
  }
  if (current) await tf.setBackend(current);
  return reports;
}
