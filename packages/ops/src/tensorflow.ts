import { CrlnError } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { completeTensorflow, type NodeBackend, TENSORFLOW } from './tensorflowKernels.js';

const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];
/** Here Node removed `util.isNullOrUndefined`: TensorFlow.js for Node still loads, and then each of its operations fails. */
const BREAKING_NODE = 23;

/**
 * Loads TensorFlow.js for Node, an optional package that the user installs, and gives it what it lacks: see {@link completeTensorflow}.
 * @returns Which package, and the version of TensorFlow inside it.
 * @throws CrlnError `backend-unavailable`, `missing-dependency`
 */
export async function loadTensorflow(): Promise<{ specifier: string; version: string }> {
  refuseNewNode();
  const failures: string[] = [];
  let cause: unknown;
  for (const specifier of PACKAGES) {
    try {
      // A variable, so that bundlers and tsc do not look for a package that most users do not have.
      await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier);
    } catch (error) {
      if (isMissing(error, specifier)) continue;
      failures.push(`${specifier}: ${(error as Error).message}`);
      cause = error;
      continue;
    }
    const backend = tf.findBackend(TENSORFLOW) as NodeBackend | null;
    if (backend == null) {
      failures.push(`${specifier} loaded a TensorFlow.js of its own; its version must be ${tf.version_core}`);
      continue;
    }
    completeTensorflow();
    return { specifier, version: backend.binding.TF_Version };
  }
  if (failures.length > 0) {
    throw new CrlnError(
      'backend-unavailable',
      `backend 'tensorflow' does not start: ${failures.join('; ')}`,
      { failures },
      { cause },
    );
  }
  throw new CrlnError(
    'missing-dependency',
    `backend 'tensorflow' needs ${PACKAGES.join(' or ')} (Node below ${BREAKING_NODE}): npm install @tensorflow/tfjs-node`,
    { name: 'tensorflow', packages: PACKAGES },
  );
}

function refuseNewNode(): void {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  const node = process?.versions?.node;
  if (node === undefined || Number.parseInt(node, 10) < BREAKING_NODE) return;
  throw new CrlnError(
    'backend-unavailable',
    `backend 'tensorflow' cannot run on Node ${node}: TensorFlow.js for Node calls util.isNullOrUndefined, which Node ${BREAKING_NODE} removed; use Node 20 or 22, or backend 'wasm' or 'webgpu'`,
    { name: 'tensorflow', node, alternatives: ['wasm', 'webgpu', 'cpu'] },
  );
}

/** Whether the package itself was not found, in the words of Node and of browsers; not whether something inside it failed. */
function isMissing(error: unknown, specifier: string): boolean {
  return ["'", '"', '“'].some((quote) => String((error as Error).message).includes(quote + specifier));
}
