import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import { type BackendName, useBackend } from '@crln/ops';

const PACKAGES = ['core', 'backend-wasm', 'ops', 'layers', 'losses', 'data', 'train', 'cli'].map(
  (name) => `@crln/${name}`,
);

/** Versions by package name, of this package's dependencies and itself. */
export function packageVersions(): Record<string, string> {
  const require = createRequire(import.meta.url);
  const versions: Record<string, string> = {};
  for (const name of [...PACKAGES, '@tensorflow/tfjs-core', '@tensorflow/tfjs-layers']) {
    try {
      versions[name] = JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')).version;
    } catch {
      // Not a direct dependency in this installation: its version follows from the others'.
    }
  }
  return { node: process.versions.node, ...versions };
}

/** Chooses a backend, and says how many bytes it can hold. */
export async function startBackend(name: BackendName) {
  const { tfBackend, reason, ...backend } = await useBackend(name);
  // WebAssembly memory ends at 4 GiB; the machine's may end sooner.
  const memoryLimit = backend.name === 'wasm' ? Math.min(2 ** 32, totalmem()) : totalmem();
  return {
    backend: { name: backend.name as string, kernelBuild: backend.kernelBuild },
    tfBackend,
    reason,
    memoryLimit,
  };
}
