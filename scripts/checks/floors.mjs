// Imports only go down a floor (DESIGN: core < backends < ops < layers, losses, data < train < cli < examples), and never in a circle.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** What each package may import of ours. `data` sits beside `layers` but knows no TensorFlow.js. */
const ALLOWED = {
  core: [],
  'backend-wasm': ['core'],
  'backend-webgpu': ['core'],
  ops: ['core', 'backend-wasm', 'backend-webgpu'],
  layers: ['core', 'ops'],
  losses: ['core', 'ops'],
  data: ['core'],
  train: ['core', 'ops', 'layers', 'losses', 'data'],
  cli: ['core', 'ops', 'layers', 'losses', 'data', 'train'],
};
const WITHOUT_TENSORFLOW = ['core', 'data'];
/** Entries that must load in a browser: everything that they reach may import no Node module statically. */
const BROWSER_ENTRIES = Object.keys(ALLOWED)
  .filter((name) => name !== 'cli')
  .map((name) => `packages/${name}/src/index.ts`);

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const at = join(folder, entry.name);
    if (entry.isDirectory()) return sources(at);
    return entry.name.endsWith('.ts') ? [at] : [];
  });
}

/** Import statements that survive compilation; `import type` and `import('…')` in a type are no dependency at run time. */
function imports(text) {
  const found = [];
  for (const m of text.matchAll(/^\s*(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm))
    found.push({ to: m[1], lazy: false });
  for (const m of text.matchAll(/\bimport\(\s*(?:\/\*.*?\*\/\s*)?['"]([^'"]+)['"]\s*\)/g))
    found.push({ to: m[1], lazy: true });
  return found;
}

export function checkFloors(root) {
  const problems = [];
  const graph = new Map();
  for (const [name, allowed] of Object.entries(ALLOWED)) {
    const base = join(root, 'packages', name);
    const manifest = JSON.parse(readFileSync(join(base, 'package.json'), 'utf8'));
    for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      const ours = dependency.match(/^@crln\/(.+)$/)?.[1];
      if (ours && !allowed.includes(ours))
        problems.push(`packages/${name}/package.json depends on @crln/${ours}, which is not below it`);
    }
    for (const file of sources(join(base, 'src'))) {
      const here = relative(root, file);
      const edges = [];
      for (const { to, lazy } of imports(readFileSync(file, 'utf8'))) {
        const ours = to.match(/^@crln\/([^/]+)/)?.[1];
        if (ours && !allowed.includes(ours)) problems.push(`${here} imports ${to}, which is not below it`);
        if (to.startsWith('@tensorflow/') && WITHOUT_TENSORFLOW.includes(name))
          problems.push(`${here} imports ${to}: ${name} knows no TensorFlow.js`);
        if (lazy) continue;
        if (to.startsWith('.')) edges.push(relative(root, join(dirname(file), to.replace(/\.js$/, '.ts'))));
        else edges.push(to);
      }
      graph.set(here, edges);
    }
  }
  problems.push(...circles(graph));
  for (const entry of BROWSER_ENTRIES) {
    for (const file of reachable(graph, entry)) {
      const node = (graph.get(file) ?? []).filter((to) => to.startsWith('node:'));
      if (node.length) problems.push(`${file} imports ${node.join(', ')}, but ${entry} must load in a browser`);
    }
  }
  for (const [file, edges] of graph) {
    for (const to of edges)
      if (to.startsWith('packages/') && !existsSync(join(root, to)) && !to.includes('generated'))
        problems.push(`${file} imports ${to}, which does not exist`);
  }
  return [...new Set(problems)];
}

function reachable(graph, entry) {
  const seen = new Set([entry]);
  for (const file of seen) for (const to of graph.get(file) ?? []) if (graph.has(to)) seen.add(to);
  return seen;
}

/** Circles among files, each named once, by depth-first search. */
function circles(graph) {
  const state = new Map();
  const found = [];
  const visit = (file, path) => {
    state.set(file, 'open');
    for (const to of graph.get(file) ?? []) {
      if (!graph.has(to)) continue;
      if (state.get(to) === 'open') found.push(`circle: ${[...path.slice(path.indexOf(to)), to].join(' → ')}`);
      else if (!state.has(to)) visit(to, [...path, to]);
    }
    state.set(file, 'done');
  };
  for (const file of graph.keys()) if (!state.has(file)) visit(file, [file]);
  return found;
}
