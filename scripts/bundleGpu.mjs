// A folder that runs `crln` on a Linux x64 GPU node with no network and no Node: `npm run bundle:gpu -- --out DIR [--archive]`.
//
//   DIR/crln                 the command: a shell script that starts all that follows
//   DIR/bin/node             this Node, which has to be one for Linux x64
//   DIR/lib                  the Vulkan loader and the C++ runtime; the GPU's own driver comes with the node
//   DIR/app/crln.mjs         the command and all packages in one file, worker.js beside it
//   DIR/app/node_modules     what cannot be in that file: Dawn (WebGPU), the reader of HDF5, the renderer of pictures
//
// Ends by using it with an empty environment (tryBundle.mjs). `--archive` also writes DIR.tar.xz and says its size.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tryBundle } from './tryBundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const { values } = parseArgs({ options: { out: { type: 'string' }, archive: { type: 'boolean', default: false } } });
if (!values.out) {
  console.error('usage: npm run bundle:gpu -- --out DIR [--archive]');
  process.exit(2);
}
const out = resolve(values.out);
if (existsSync(out) && readdirSync(out).length > 0) {
  console.error(`bundle: ${out} is not empty: choose a new folder, or remove it`);
  process.exit(1);
}
if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error(
    `bundle: it is made of this machine's Node and libraries, which are for ${process.platform} ${process.arch}, not linux x64`,
  );
  process.exit(1);
}

/** What may be taken to a GPU node. */
const MOST_MIB = 45;
const LIBRARIES = ['libvulkan.so.1', 'libstdc++.so.6', 'libgcc_s.so.1'];
/** What is loaded from app/node_modules, by the package that depends on it. */
const EXTERNAL = { webgpu: 'backend-webgpu', h5wasm: 'cli', '@resvg/resvg-js': 'train' };

const say = (text) => console.log(`bundle: ${text}`);
/** Where the package manager has a direct dependency of one of our packages. */
const folderOf = (name, from) => realpathSync(join(root, 'packages', from, 'node_modules', name));

say('Node and libraries');
mkdirSync(join(out, 'bin'), { recursive: true });
mkdirSync(join(out, 'lib'));
cpSync(realpathSync(process.execPath), join(out, 'bin/node'));
const known = execFileSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' });
for (const name of LIBRARIES) {
  const path = known.match(new RegExp(`^\\s*${name.replaceAll(/[.+]/g, '\\$&')} \\(.*x86-64.*\\) => (.*)$`, 'm'))?.[1];
  if (!path) throw new Error(`${name} is not on this machine (libvulkan.so.1: Debian's libvulkan1)`);
  cpSync(realpathSync(path), join(out, 'lib', name));
}

say('the command in one file');
const { build } = createRequire(join(root, 'packages/ops/package.json'))('esbuild');
const options = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  minify: true,
  keepNames: true,
  external: [...Object.keys(EXTERNAL), 'h5wasm/node', '@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'],
  // TensorFlow.js is CommonJS.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'error',
};
const entry = "import { main } from '@crln/cli'; process.exitCode = await main(process.argv.slice(2));";
await build({ ...options, stdin: { contents: entry, resolveDir: root }, outfile: join(out, 'app/crln.mjs') });
await build({
  ...options,
  entryPoints: [join(root, 'packages/data/dist/worker.js')],
  outfile: join(out, 'app/worker.js'),
});

say('Dawn, HDF5, pictures');
const modules = join(out, 'app/node_modules');
for (const [name, from] of Object.entries(EXTERNAL)) {
  const folder = folderOf(name, from);
  // Of Dawn this system's build alone, of HDF5 the one for Node; and no source maps.
  const left = /\/dist\/(darwin|win32|linux-arm64|esm|iife)|\.map$|\/node_modules\/webgpu\/(build|node_modules)/;
  const filter = (path) => !left.test(path);
  cpSync(folder, join(modules, name), { recursive: true, dereference: true, filter });
}
const native = '@resvg/resvg-js-linux-x64-gnu';
const beside = join(folderOf('@resvg/resvg-js', 'train'), '..', basename(native));
cpSync(realpathSync(beside), join(modules, native), { recursive: true });

// Whose versions a run records, although they are in the one file now.
writeFileSync(join(out, 'app/package.json'), '{ "type": "module" }\n');
for (const name of readdirSync(join(root, 'packages'))) {
  const { name: full, version } = require(join(root, 'packages', name, 'package.json'));
  mkdirSync(join(modules, full), { recursive: true });
  writeFileSync(join(modules, full, 'package.json'), JSON.stringify({ name: full, version }));
  if (name === 'cli') writeFileSync(join(out, 'package.json'), JSON.stringify({ name: full, version }));
}
for (const name of ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers']) {
  mkdirSync(join(modules, name), { recursive: true });
  writeFileSync(
    join(modules, name, 'package.json'),
    JSON.stringify({ name, version: require(`${name}/package.json`).version }),
  );
}

writeFileSync(
  join(out, 'crln'),
  `#!/bin/sh
# Starts crln with the Node, libraries and packages of this folder.
here=$(cd "$(dirname "$0")" && pwd)
LD_LIBRARY_PATH="$here/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
exec "$here/bin/node" "$here/app/crln.mjs" "$@"
`,
);
chmodSync(join(out, 'crln'), 0o755);

say('doctor, train, evaluate, predict, report and bench, with an empty environment');
for (const { name, available, reason } of tryBundle(out)) say(`${available ? 'yes' : 'no '} ${name}: ${reason}`);

if (values.archive) {
  const archive = `${out}.tar.xz`;
  rmSync(archive, { force: true });
  execFileSync('tar', ['-C', dirname(out), '-cJf', archive, basename(out)], { stdio: 'inherit' });
  const size = statSync(archive).size / 2 ** 20;
  say(`${archive}: ${size.toFixed(1)} MiB`);
  if (size > MOST_MIB) throw new Error(`the archive is larger than ${MOST_MIB} MiB`);
}
