import { isCrlnError } from '@crln/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { threadCount } from '../src/threads.js';

afterEach(() => vi.unstubAllGlobals());
afterEach(() => vi.unstubAllEnvs());

describe('threadCount', () => {
  it('takes what is asked for, then the environment, then all cores', () => {
    vi.stubEnv('CRLN_THREADS', '3');
    expect(threadCount(5)).toBe(5);
    expect(threadCount(undefined)).toBe(3);
    vi.stubEnv('CRLN_THREADS', '');
    vi.stubGlobal('process', { ...process, getBuiltinModule: () => ({ availableParallelism: () => 7 }) });
    expect(threadCount(undefined)).toBe(7);
  });

  it.each([0, -1, 1.5, Number.NaN, 257])('refuses %s', (threads) => {
    let caught: unknown;
    try {
      threadCount(threads);
    } catch (error) {
      caught = error;
    }
    expect(isCrlnError(caught, 'invalid-option')).toBe(true);
    expect(String(caught)).toContain(`threads: expected a whole number from 1 to 256, got ${threads}`);
  });

  it('names the environment variable when that is wrong', () => {
    vi.stubEnv('CRLN_THREADS', 'many');
    expect(() => threadCount(undefined)).toThrow('CRLN_THREADS: expected a whole number from 1 to 256, got many');
  });

  it('is one in a page that is not cross-origin isolated, which it says, and its cores in one that is', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    vi.stubGlobal('process', undefined);
    vi.stubGlobal('navigator', { hardwareConcurrency: 6 });
    vi.stubGlobal('crossOriginIsolated', false);
    expect(threadCount(4)).toBe(1);
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0]![0]).toContain('Cross-Origin-Opener-Policy: same-origin');
    expect(threadCount(1)).toBe(1);
    expect(warn).toHaveBeenCalledOnce();
    vi.stubGlobal('crossOriginIsolated', true);
    expect(threadCount(undefined)).toBe(6);
    expect(threadCount(4)).toBe(4);
  });
});
