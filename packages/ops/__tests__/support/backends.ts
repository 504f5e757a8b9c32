import * as wasm from '@crln/backend-wasm';
import * as webgpu from '@crln/backend-webgpu';
import { useBackend } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe } from 'vitest';
import { env, missing } from '../../../backend-webgpu/__tests__/adapter.js';

export type TestBackend = 'cpu' | 'wasm' | 'webgpu';

type Suite = (title: string, body: (backend: TestBackend) => void) => void;

/** The backends that a run is about, as `CRLN_BACKENDS` names them; all by default. */
const asked = env.CRLN_BACKENDS?.split(',');

const suiteOn =
  (backends: readonly TestBackend[]): Suite =>
  (title, body) => {
    for (const backend of backends) {
      if (asked && !asked.includes(backend)) continue;
      if (backend === 'webgpu' && missing) {
        describe.skip(`${title} on webgpu (skipped: ${missing})`, () => body(backend));
        continue;
      }
      describe(`${title} on ${backend}`, () => {
        beforeAll(async () => {
          await useBackend(backend);
        });
        body(backend);
      });
    }
  };

/** One suite, every backend that a test machine has; skipped, and saying why, on `webgpu` where there is no adapter. */
export const describeBackends: Suite = suiteOn(['cpu', 'wasm', 'webgpu']);

/** The same without TensorFlow.js's own kernels, on which networks take long. */
export const describeOwnBackends: Suite = suiteOn(['wasm', 'webgpu']);

/** The kernels of our own that ran on a backend since the last reset, by name. */
interface OwnKernels {
  calls(): Readonly<Record<string, number>>;
  reset(): void;
}

/** Kernels that compute nothing: on `wasm` they are TensorFlow.js's, and do not count. */
const VIEWS = ['Identity', 'Reshape'];

const OWN_KERNELS: Partial<Record<TestBackend, OwnKernels>> = {
  wasm: { calls: wasm.kernelCalls, reset: wasm.resetKernelCalls },
  webgpu: {
    calls: () => Object.fromEntries(Object.entries(webgpu.kernelCalls()).filter(([name]) => !VIEWS.includes(name))),
    reset: webgpu.resetKernelCalls,
  },
};

/** Counts the kernels of our own; undefined for a backend that has none. */
export const ownKernels = (backend: TestBackend): OwnKernels | undefined => OWN_KERNELS[backend];

/** `tf.tidy` for work that waits: disposes of all tensors that it made. */
export async function scoped<Result>(work: () => Promise<Result>): Promise<Result> {
  tf.engine().startScope();
  try {
    return await work();
  } finally {
    tf.engine().endScope();
  }
}

/** The values of several tensors. */
export const readAll = (tensors: readonly tf.Tensor[]) => Promise.all(tensors.map((x) => x.data()));
