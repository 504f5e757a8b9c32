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
  'packages/ops/__tests__/bundle.test.ts', // runs a bundler and Node's vm
  'packages/ops/__tests__/tensorflow.test.ts', // stands in for @tensorflow/tfjs-node, which is a Node package
];

/** What makes a page cross-origin isolated: without it a browser has no SharedArrayBuffer, hence no threads. */
const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

const page = (name: string, include: string[], headers = {}) => ({
  extends: true as const,
  server: { headers },
  test: { name, include, exclude },
});

/** The op suite in Chromium, on pages with and without isolation. */
export default defineConfig({
  resolve: node.resolve ?? {},
  test: {
    ...node.test,
    include: [],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { executablePath: chromium } }),
      instances: [{ browser: 'chromium' }],
    },
    projects: [
      page('isolated', [`${ops}/*.test.ts`, `${ops}/*.isolated.ts`], isolation),
      page('not isolated', [`${ops}/*.unisolated.ts`]),
    ],
  },
});
