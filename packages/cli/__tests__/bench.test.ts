import { describe, expect, it } from 'vitest';
import { crln } from './terminal.js';

const small = ['--patch', '8,8,8', '--base-filters', '2', '--levels', '2', '--batch', '1,1', '--repeats', '1'];

describe('crln bench', () => {
  it('measures training steps of a size that is asked for', async () => {
    const { code, out } = await crln(['bench', '--backend', 'wasm', '--only', 'steps', ...small, '--json']);
    expect(code).toBe(0);
    const { backend, rows } = JSON.parse(out);
    expect(backend.name).toBe('wasm');
    expect(rows.map(({ name }: { name: string }) => name)).toEqual([
      'supervised step, 1 of 8×8×8',
      'crln step, 1+1 of 8×8×8',
    ]);
    for (const { ms, bestMs, cpuMs } of rows) {
      expect(ms).toBeGreaterThanOrEqual(bestMs);
      expect(bestMs).toBeGreaterThan(0);
      expect(cpuMs).toBeGreaterThan(0);
    }
  });

  it('refuses a size that is none, naming the flag', async () => {
    const { code, err } = await crln(['bench', '--patch', '8,8']);
    expect(code).toBe(2);
    expect(err).toContain("--patch: expected 3 whole numbers >= 1 separated by commas, got '8,8'");
  });
});
