import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const source = (name: string) => fileURLToPath(new URL(`../../${name}/src/index.ts`, import.meta.url));

// What a page's worker would contain: our operations and the tfjs that they bring, nothing that registers gradients by itself.
const program = `
  import { conv3dTranspose, useBackend } from '@crln/ops';
  import { grad, sum, tensor } from '@tensorflow/tfjs-core';
  async function main(name) {
    const choice = await useBackend(name);
    const x = tensor([1, 2], [1, 1, 1, 1, 2]);
    const filter = tensor(Array.from({ length: 16 }, (_, i) => i), [2, 2, 2, 1, 2]);
    const dx = grad((x) => sum(conv3dTranspose(x, filter, { strides: 2 })))(x);
    return JSON.stringify({ tfBackend: choice.tfBackend, dx: [...dx.dataSync()] });
  }
  globalThis.main = main;
`;

describe('a browser bundle that imports only @crln/ops and tfjs-core', () => {
  it('is built without Node modules, and computes the gradient of a transposed convolution where there is no Node', async () => {
    const { outputFiles, warnings } = await build({
      stdin: { contents: program, resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
      alias: Object.fromEntries(['core', 'backend-wasm', 'ops'].map((name) => [`@crln/${name}`, source(name)])),
      bundle: true,
      platform: 'browser',
      format: 'iife',
      write: false,
      logLevel: 'silent',
    });
    expect(warnings).toEqual([]);
    // A worker's global scope: no process, no require.
    const scope: Record<string, unknown> = { atob, performance, setTimeout, TextDecoder, TextEncoder };
    Object.assign(scope, { self: scope, WorkerGlobalScope: class {}, navigator: {}, console });
    const context = createContext(scope);
    runInContext(outputFiles[0]!.text, context);
    const main = scope.main as (name: string) => Promise<string>;
    // Each channel of the input voxel reaches all eight taps: the sums of the even and of the odd filter values.
    expect(JSON.parse(await main('auto'))).toEqual({ tfBackend: 'crln-wasm', dx: [56, 64] });
    expect(JSON.parse(await main('cpu'))).toEqual({ tfBackend: 'cpu', dx: [56, 64] });
  });
});
