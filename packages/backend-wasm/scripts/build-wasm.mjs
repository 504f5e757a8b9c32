// Compiles assembly/index.ts twice (SIMD, and SIMD with relaxed instructions) and writes the bytes as base64 into
// src/generated, so that the package needs no file access at run time and works in a browser.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const builds = [
  { file: 'simd', constant: 'simdWasm', features: ['simd'] },
  { file: 'relaxed', constant: 'relaxedSimdWasm', features: ['simd', 'relaxed-simd'] },
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
