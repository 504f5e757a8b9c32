// Reads mutants of valid files of every format: `npm run fuzz [-- --mutants=20000] [--seed=0] [--format=hdf5] [--ways]`. Each must end as a
// volume or as one error that names the file, within two seconds and one GiB; one that does not is kept beside as fuzz-….bin. `--ways`
// lists the errors that were met. What else is given goes to Vitest.
import { spawnSync } from 'node:child_process';

const given = process.argv.slice(2);
/** Takes an option out of what was given. */
function option(name) {
  const at = given.findIndex((word) => word.startsWith(`--${name}=`));
  return at < 0 ? undefined : given.splice(at, 1)[0].slice(name.length + 3);
}
function flag(name) {
  const at = given.indexOf(`--${name}`);
  return at >= 0 && given.splice(at, 1).length > 0;
}

const env = {
  ...process.env,
  CRLN_MUTANTS: option('mutants') ?? '20000',
  CRLN_FUZZ_SEED: option('seed') ?? '0',
  ...(flag('ways') && { CRLN_FUZZ_WAYS: '1' }),
};
const format = option('format');
const suite = `packages/data/__tests__/fuzz/${format ? `${format}.test.ts` : ''}`;
const vitest = ['node_modules/vitest/vitest.mjs', 'run', suite, '--testTimeout=0', ...given];
const { status } = spawnSync(process.execPath, vitest, { stdio: 'inherit', env });
process.exit(status ?? 1);
