// Uses a bundle of `npm run bundle:gpu` as on a node that has nothing else: with an empty environment, every command that a GPU node is
// for. `node scripts/tryBundle.mjs DIR`, and at the end of the making.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const NETWORK = ['--patch', '8,8,4', '--base-filters', '2', '--levels', '2'];

/**
 * Throws what fails.
 * @returns what `crln doctor` says of the backends there
 */
export function tryBundle(bundle) {
  // A driver that computes on the processor needs to be named; a GPU's is found by the loader.
  const { VK_ICD_FILENAMES } = process.env;
  const env = VK_ICD_FILENAMES ? { VK_ICD_FILENAMES } : {};
  const cwd = mkdtempSync(join(tmpdir(), 'crln-bundle-'));
  const crln = (...words) => execFileSync(join(bundle, 'crln'), words, { cwd, env, encoding: 'utf8', stdio: 'pipe' });
  const expect = (found, what) => {
    if (!found) throw new Error(`the bundle: ${what}`);
  };
  try {
    const { backends } = JSON.parse(crln('doctor', '--json'));
    const there = (name) => backends.find((backend) => backend.name === name).available;
    expect(there('wasm'), 'cannot compute');

    crln('phantom', '--out', 'data', '--shape', '16,12,8', ...'--train 3 --labelled 1 --val 0 --test 1'.split(' '));
    const runs = ['wasm', 'webgpu'].filter(there);
    for (const run of runs) {
      const method = ['--method', 'mean-teacher', '--iterations', '2'];
      const trained = crln('train', '--data', 'data', '--out', run, '--backend', run, ...method, ...NETWORK, '--json');
      expect(JSON.parse(trained).finished, `did not finish a training on ${run}`);
      const { cases } = JSON.parse(crln('evaluate', '--run', run, '--json'));
      expect(cases.length === 1 && cases[0].mean.dice >= 0, `did not score the case of ${run}`);
      crln('predict', '--run', run, '--input', 'data/images', '--output', `${run}-labels`);
      expect(readdirSync(join(cwd, `${run}-labels`)).length === 4, `did not segment the cases with ${run}`);
    }
    crln('report', ...runs, '--out', 'report');
    expect(existsSync(join(cwd, 'report/report.html')), 'wrote no report');
    expect(
      readdirSync(join(cwd, 'report')).some((name) => name.endsWith('.png')),
      'drew no pictures',
    );
    const bench = ['bench', '--backend', 'wasm', '--only', 'steps', '--repeats', '1', ...NETWORK, '--json'];
    const { rows } = JSON.parse(crln(...bench));
    expect(rows.length === 2 && rows.every(({ ms }) => ms > 0), 'measured no steps');
    return backends;
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (!process.argv[2]) {
    console.error('usage: node scripts/tryBundle.mjs DIR');
    process.exit(2);
  }
  tryBundle(resolve(process.argv[2]));
  console.log('bundle: doctor, train, evaluate, predict, report and bench work');
}
