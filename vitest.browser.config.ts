import { existsSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import node from './vitest.config.js';

/** The system's browser: Playwright's own builds are never downloaded. */
const chromium = process.env.CRLN_CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(chromium)) {
  throw new Error(`no Chromium at ${chromium}; Debian: apt-get install chromium; elsewhere: CRLN_CHROMIUM=its path`);
}

const ops = 'packages/{ops,backend-wasm}/__tests__/**';

/** Only Node can run these. */
const exclude = [
  'packages/backend-wasm/__tests__/sameBits.test.ts', // loads modules anew; in browser/page.isolated.ts workers do that
  'packages/backend-wasm/__tests__/threads.test.ts', // sets environment variables, and plays a page; browser/ has real ones
  'packages/backend-webgpu/__tests__/leaks.test.ts', // measures the process
  'packages/ops/__tests__/bundle.test.ts', // runs a bundler and Node's vm
  'packages/ops/__tests__/tensorflow.test.ts', // stands in for @tensorflow/tfjs-node, which is a Node package
];

/** What makes a page cross-origin isolated: without it a browser has no SharedArrayBuffer, hence no threads. */
const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

interface Page {
  include: string[];
  headers?: Record<string, string>;
  /** Chromium's switches. */
  args?: string[];
  setupFiles?: string[];
  env: Record<string, string>;
}

const page = (name: string, { include, headers = {}, args = [], setupFiles = [], env }: Page) => ({
  extends: true as const,
  server: { headers },
  test: {
    name,
    include,
    exclude,
    setupFiles,
    env,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { executablePath: chromium, args } }),
      instances: [{ browser: 'chromium' as const }],
    },
  },
});

/**
 * A page with WebGPU on SwiftShader, the GPU in software that Chromium brings: it has none without a GPU otherwise. No test is skipped
 * there for want of one.
 */
const webgpuPage = (name: string, include: string[]) =>
  page(name, {
    include,
    args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
    setupFiles: ['packages/backend-webgpu/__tests__/smallTiles.ts'],
    env: { CRLN_BACKENDS: 'webgpu', CRLN_REQUIRE: 'gpu' },
  });

/** The op suite in Chromium, on pages with and without isolation, and on one with WebGPU. */
export default defineConfig({
  resolve: node.resolve ?? {},
  test: {
    ...node.test,
    include: [],
    projects: [
      page('isolated', {
        include: [`${ops}/*.test.ts`, `${ops}/*.isolated.ts`],
        headers: isolation,
        env: { CRLN_BACKENDS: 'cpu,wasm' },
      }),
      page('not isolated', { include: [`${ops}/*.unisolated.ts`], env: {} }),
      webgpuPage('webgpu', [
        'packages/ops/__tests__/**/*.test.ts',
        'packages/backend-webgpu/__tests__/{*,gpu/*}.test.ts',
      ]),
      // Not in CI, where they run in Node: they take SwiftShader a quarter of an hour.
      webgpuPage('webgpu kernels', ['packages/backend-webgpu/__tests__/kernels/*.test.ts']),
    ],
  },
});
