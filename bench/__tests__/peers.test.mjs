import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pytorch } from '../lib/contestants.mjs';

const network = { base: 2, levels: 3, patch: [16, 16, 8], batch: 2 };
/** A small case of every workload that PyTorch is compared on. */
const cases = {
  conv3d: { kind: 'transposed', input: [1, 4, 4, 4], channels: [2, 3], direction: 'filter gradient' },
  crln_step: network,
  inference: { ...network, volume: [24, 16, 12], overlap: 0.5 },
  vnet_step: network,
};

const folder = fileURLToPath(new URL('../peers/', import.meta.url));
const workloads = readdirSync(folder)
  .filter((file) => file.endsWith('.py') && /^def prepare\(/m.test(readFileSync(folder + file, 'utf8')))
  .map((file) => file.replace('.py', ''));

/** `CRLN_REQUIRE=torch`, as CI says it: a machine without PyTorch fails. */
const required = process.env.CRLN_REQUIRE?.split(',').includes('torch');

describe('the PyTorch side of the benchmark', () => {
  const ways = ['conv3d', 'crln_step', 'vnet_step'].map((workload) => [workload, { channelsLast: true }]);
  it.for([...workloads.sort().map((workload) => [workload, {}]), ...ways])(
    'runs %s %j',
    async ([workload, how], { skip }) => {
      expect(cases).toHaveProperty(workload);
      const [peer] = pytorch(workload);
      const worker = await peer.start({ threads: 1, ...cases[workload], ...how });
      if (worker.absent && !required) skip(worker.absent);
      expect(worker.absent).toBeUndefined();
      try {
        expect(worker.first.about).toMatch(
          how.channelsLast ? /^PyTorch \d.*, channels last$/ : /^PyTorch \d.*threads$/,
        );
        for (let i = 0; i < 2; i++) {
          const { seconds, peakBytes, value } = await worker.run();
          expect(seconds).toBeGreaterThan(0);
          expect(peakBytes).toBeGreaterThan(1e6);
          expect(value).toSatisfy(Number.isFinite);
        }
      } finally {
        worker.stop();
      }
    },
  );

  it('is asked for in three precisions and both layouts on a GPU, and says so where PyTorch sees none', async () => {
    const peers = pytorch('conv3d', 'webgpu');
    expect(peers.map(({ name }) => name)).toEqual([
      'PyTorch, float32',
      'PyTorch, tf32',
      'PyTorch, amp',
      'PyTorch, amp, channels last',
    ]);
    const worker = await peers[0].start({ threads: 1, backend: 'webgpu', ...cases.conv3d });
    if (worker.absent) expect(worker.absent).toMatch(/no PyTorch, float32 to compare with/);
    else worker.stop();
  });
});
