import { describe, expect, it } from 'vitest';
import { crln } from './terminal.js';

describe('crln doctor', () => {
  it('says of every backend whether it starts here, and why not', async () => {
    const { code, out } = await crln(['doctor', '--json']);
    expect(code).toBe(0);
    const { machine, backends, versions } = JSON.parse(out);
    expect(machine.cores).toBeGreaterThan(0);
    expect(backends.map(({ name }: { name: string }) => name)).toEqual(['wasm', 'webgpu', 'tensorflow', 'cpu']);
    const [wasm, webgpu, tensorflow] = backends;
    expect(wasm).toMatchObject({ available: true, reason: expect.stringMatching(/simd/) });
    expect(wasm.details.threads).toBeGreaterThan(0);
    // Where there is a GPU, or software that stands in for one, its facts; where there is none, why.
    if (webgpu.available) expect(webgpu.details.limits.maxBufferSize).toBeGreaterThan(0);
    else expect(webgpu.reason).toMatch(/crln-webgpu/);
    if (!tensorflow.available) {
      expect(tensorflow.reason).toMatch(/npm install @tensorflow\/tfjs-node|use Node 20 or 22/);
    }
    expect(versions['@crln/ops']).toMatch(/^\d+\.\d+/);
  });

  it('prints the same for people', async () => {
    const { out } = await crln(['doctor']);
    expect(out).toMatch(/cores, .* GiB of memory/);
    expect(out).toMatch(/\nyes {2}wasm: /);
    expect(out).toMatch(/\n@crln\/cli +\d/);
  });
});
