import { registerWebGpuBackend } from '../src/index.js';

interface Surroundings {
  process?: { env: Environment };
}
type Environment = Readonly<Record<string, string | undefined>>;

/** Environment variables: a page has those that the configuration gives it. */
export const env: Environment =
  (globalThis as Surroundings).process?.env ?? (import.meta as unknown as { env: Environment }).env;

/** Why there is no GPU to test on, if so. `CRLN_REQUIRE=gpu`, as CI says it: then that fails. */
export const missing: string | undefined = await registerWebGpuBackend({ poison: true }).then(
  () => undefined,
  (error: Error) => {
    if (env.CRLN_REQUIRE?.split(',').includes('gpu')) throw error;
    return error.message;
  },
);
