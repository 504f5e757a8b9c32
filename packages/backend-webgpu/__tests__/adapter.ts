import { registerWebGpuBackend } from '../src/index.js';

/** Why there is no GPU to test on, if so. `CRLN_REQUIRE=gpu`, as CI says it: then that fails. */
export const missing: string | undefined = await registerWebGpuBackend({ poison: true }).then(
  () => undefined,
  (error: Error) => {
    if (globalThis.process?.env.CRLN_REQUIRE?.split(',').includes('gpu')) throw error;
    return error.message;
  },
);
