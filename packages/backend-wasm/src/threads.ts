import { CrlnError } from '@crln/core';

interface Surroundings {
  crossOriginIsolated?: boolean;
  navigator?: { hardwareConcurrency?: number };
  process?: {
    env: Record<string, string | undefined>;
    versions?: { node?: string };
    getBuiltinModule?: (name: string) => { availableParallelism(): number } | undefined;
  };
}

/**
 * How many threads kernels run on: what was asked for, else the environment variable `CRLN_THREADS`, else all cores. One where memory
 * cannot be shared with workers (a page that is not cross-origin isolated), which is said once.
 *
 * @throws CrlnError `invalid-option` where the number asked for is not a whole one from 1 to 256
 */
export function threadCount(asked: number | undefined): number {
  const { crossOriginIsolated, navigator, process } = globalThis as Surroundings;
  const fromEnvironment = process?.env.CRLN_THREADS;
  const wanted = asked ?? (fromEnvironment ? Number(fromEnvironment) : undefined);
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 1 && wanted <= 256)) {
    const name = asked === undefined ? 'CRLN_THREADS' : 'threads';
    throw new CrlnError(
      'invalid-option',
      `${name}: expected a whole number from 1 to 256, got ${asked ?? fromEnvironment}`,
      {
        name,
        value: asked ?? fromEnvironment,
      },
    );
  }
  const node = process?.versions?.node !== undefined;
  if (!node && crossOriginIsolated !== true) {
    if (wanted !== 1) {
      console.warn(
        'crln-wasm: one thread, because the page is not cross-origin isolated: serve it with the headers ' +
          'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp',
      );
    }
    return 1;
  }
  const cores = node ? process?.getBuiltinModule?.('node:os')?.availableParallelism() : navigator?.hardwareConcurrency;
  return wanted ?? cores ?? 1;
}
