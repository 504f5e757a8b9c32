import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import { CrlnError } from '@crln/core';
import { type BackendName, type UseBackendOptions, useBackend } from '@crln/ops';
import type { Args } from '../command.js';
import type { Settings } from '../settings.js';
import { version } from '../version.js';
import { readTiles } from './tune.js';

const PACKAGES = [
  ...['core', 'backend-wasm', 'backend-webgpu', 'ops', 'layers', 'losses', 'data', 'train'].map(
    (name) => `@crln/${name}`,
  ),
  'webgpu',
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-layers',
];

/** Versions by package name: of this package, and of those it stands on. */
export function packageVersions(): Record<string, string> {
  const own = createRequire(import.meta.url);
  // What is no direct dependency of this package is one of these two.
  const places = [
    own,
    createRequire(own.resolve('@crln/train/package.json')),
    createRequire(own.resolve('@crln/ops/package.json')),
  ];
  const versions: Record<string, string> = { node: process.versions.node, '@crln/cli': version };
  for (const name of PACKAGES) {
    for (const place of places) {
      try {
        versions[name] = JSON.parse(readFileSync(place.resolve(`${name}/package.json`), 'utf8')).version;
        break;
      } catch {
        // Not seen from here: the next place.
      }
    }
  }
  return versions;
}

/** What flags say of the backend: on another one than a run had, without the precision that only that one has. */
export function backendFlags(args: Args): Settings {
  const name = args.text('backend');
  const flags = {
    name,
    threads: args.number('threads', { min: 1, max: 256, whole: true }),
    tiles: args.text('tiles'),
    precision: args.text('precision') ?? (name === undefined || name === 'webgpu' ? undefined : 'f32'),
  };
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}

type BackendSettings = { name: BackendName; tiles?: string | undefined } & Omit<UseBackendOptions, 'tiles'>;

/** Chooses a backend, and says how many bytes it can hold. */
export async function startBackend({ name, tiles: file, ...options }: BackendSettings) {
  const tuned = file === undefined || name !== 'webgpu' ? undefined : await readTiles(file);
  const plain = await useBackend(name, options);
  if (tuned && plain.adapter !== tuned.adapter) {
    throw new CrlnError(
      'settings-differ',
      `${file}: these sizes were measured on ${tuned.adapter}, and this is ${plain.adapter}; measure again with crln bench --tune`,
      { file },
    );
  }
  const { tfBackend, reason, ...backend } = tuned ? await useBackend(name, { ...options, tiles: tuned.tiles }) : plain;
  // A tenth is left to everything else; WebAssembly's memory, where tensors live, ends at 4 GiB. WebGPU does not say what a GPU has.
  const host = Math.min(0.9 * totalmem(), backend.name === 'wasm' ? 2 ** 32 : Infinity);
  const memoryLimit = backend.name === 'webgpu' ? Infinity : host;
  return {
    backend: { name: backend.name as string, kernelBuild: backend.kernelBuild },
    tfBackend,
    reason,
    threads: backend.threads,
    adapter: backend.adapter,
    memoryLimit,
  };
}
