// Compiles assembly/index.ts twice (SIMD, and SIMD with relaxed instructions) and writes the bytes as base64 into
// src/generated, so that the package needs no file access at run time and works in a browser. The worker threads' code likewise.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { build as tsup } from 'tsup';

const root = fileURLToPath(new URL('..', import.meta.url));
const builds = [
  { file: 'simd', constant: 'simdWasm', features: ['simd', 'threads'] },
  { file: 'relaxed', constant: 'relaxedSimdWasm', features: ['simd', 'threads', 'relaxed-simd'] },
];

mkdirSync(`${root}/src/generated`, { recursive: true });
for (const { file, constant, features } of builds) {
  let bytes;
  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      '--baseDir',
      root,
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--importMemory',
      '--sharedMemory',
      '--maximumMemory',
      '65536',
      ...features.flatMap((feature) => ['--enable', feature]),
      '--outFile',
      'kernels.wasm',
    ],
    {
      writeFile: (name, data) => {
        if (name.endsWith('.wasm')) bytes = data;
      },
    },
  );
  if (error) {
    console.error(stderr.toString());
    throw error;
  }
  const text = `// Made by scripts/build-wasm.mjs.\nexport const ${constant} =\n  '${Buffer.from(bytes).toString('base64')}';\n`;
  writeFileSync(`${root}/src/generated/${file}.ts`, text);
  console.log(`build-wasm: ${file} ${bytes.length} bytes`);
}

const out = mkdtempSync(join(tmpdir(), 'crln-worker-'));
await tsup({
  config: false,
  silent: true,
  entry: [`${root}/src/worker/entry.ts`],
  outDir: out,
  format: 'iife',
  target: 'es2022',
  platform: 'neutral',
  minify: true,
  outExtension: () => ({ js: '.js' }),
});
const source = readFileSync(join(out, 'entry.js'), 'utf8').trim();
rmSync(out, { recursive: true });
const text = `// Made by scripts/build-wasm.mjs.\nexport const workerSource = ${JSON.stringify(source)};\n`;
writeFileSync(`${root}/src/generated/worker.ts`, text);
