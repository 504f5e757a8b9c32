import { writeFile } from 'node:fs/promises';
import { isCrlnError, type RandomStream, stream } from '@crln/core';
import { expect } from 'vitest';
import { assertVolume, type Volume } from '../../src/volume.js';

/** Mutants a format; `CRLN_MUTANTS` asks for more. */
const MUTANTS = Number(process.env.CRLN_MUTANTS ?? 600);
const SEED = Number(process.env.CRLN_FUZZ_SEED ?? 0);

/** What a reader may end with on a broken file. */
const CODES = ['file-format', 'invalid-data', 'file-not-found', 'file-access'] as const;
const LONGEST = 2_000;
const MOST_MEMORY = 2 ** 30;
const LEAST_PASSED = 0.3;

export interface Target {
  name: string;
  /** One mutant of valid bytes: its payload mutated and wrapped again (packed, with right checksums), or the whole mutated. */
  mutant(rng: RandomStream): Uint8Array | Promise<Uint8Array>;
  /** What an error says that never got to the payload. */
  container: RegExp;
  /** Reads a mutant; the name is what an error must name. */
  read(bytes: Uint8Array, n: number): Promise<{ volume: Volume; name: string } | { name: string; error: unknown }>;
}

export interface Tally {
  volumes: number;
  refused: number;
  /** Mutants whose container (gzip, magic, checksums) was passed. */
  passed: number;
  slowest: number;
  messages: Map<string, number>;
}

/**
 * Reads mutants one after another. Each must end as a volume that does not contradict itself or as an error of ours that names its file,
 * within two seconds, the process within one GiB, and three in ten get past the container.
 */
export async function fuzz(target: Target, count = MUTANTS): Promise<Tally> {
  const tally: Tally = { volumes: 0, refused: 0, passed: 0, slowest: 0, messages: new Map() };
  for (let n = 0; n < count; n++) {
    const bytes = await target.mutant(stream(SEED, `fuzz/${target.name}`, n));
    const begun = performance.now();
    const ended = await target.read(bytes, n);
    const took = performance.now() - begun;
    tally.slowest = Math.max(tally.slowest, took);
    try {
      expect(took, 'milliseconds').toBeLessThan(LONGEST);
      if ('volume' in ended) {
        assertVolume(ended.volume, ended.name);
        tally.volumes++;
        tally.passed++;
      } else {
        const { error, name } = ended;
        if (!isCrlnError(error) || !CODES.some((code) => code === error.code)) throw error;
        expect(error.message).toContain(name);
        tally.refused++;
        if (!target.container.test(error.message)) tally.passed++;
        const kind = error.message
          .replaceAll(/[^ -~]/g, '?')
          .replaceAll(/\d+/g, '#')
          .slice(-60);
        tally.messages.set(kind, (tally.messages.get(kind) ?? 0) + 1);
      }
    } catch (cause) {
      const kept = `fuzz-${target.name}-${SEED}-${n}.bin`;
      await writeFile(kept, bytes);
      throw new Error(`mutant ${n} of ${target.name} (seed ${SEED}), kept as ${kept}: ${cause}`, { cause });
    }
  }
  expect(process.resourceUsage().maxRSS * 1024, 'peak of memory').toBeLessThan(MOST_MEMORY);
  say(target.name, tally);
  expect(tally.volumes).toBeGreaterThan(0);
  expect(tally.refused).toBeGreaterThan(0);
  expect(tally.passed / count, 'share that passes the container').toBeGreaterThan(LEAST_PASSED);
  return tally;
}

/** For the log of a long run; with CRLN_FUZZ_WAYS, how often each error was met. */
function say(name: string, { volumes, refused, passed, slowest, messages }: Tally): void {
  const all = volumes + refused;
  const peak = (process.resourceUsage().maxRSS / 1024).toFixed(0);
  console.info(
    `${
      process.env.CRLN_FUZZ_WAYS
        ? [...messages]
            .sort((a, b) => b[1] - a[1])
            .map(([m, c]) => `${c} ${m}\n`)
            .join('')
        : ''
    }${name}: ${all} mutants, ${volumes} read, ${refused} refused in ${messages.size} ways, ${((100 * passed) / all).toFixed(0)} % passed the container, slowest ${slowest.toFixed(0)} ms, peak ${peak} MiB`,
  );
}
