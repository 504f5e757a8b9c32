import { squeeze, type Tensor, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import type { Weighted } from '../src/variables.js';
import { number, type Values } from './golden.js';

/** Our last name → PyTorch's, for normalisations and for everything else. */
const NORM = { gamma: 'weight', beta: 'bias', runningMean: 'running_mean', runningVariance: 'running_var' };
const OTHER = { kernel: 'weight', bias: 'bias' };

/** Modules of a DIM stage, by our names. */
const STAGE: Record<string, string> = {
  projection: 'proj',
  tokenNorm: 'ln_tok',
  queryNorm: 'ln_q',
  keyValueNorm: 'ln_kv',
  mlpNorm: 'ln_mlp',
  query: 'q',
  keyValue: 'kv',
  attention: 'o',
  mlp1: 'mlp.0',
  mlp2: 'mlp.2',
  depthwise: 'depth.0',
  depthwiseNorm: 'depth.1',
  pointwise: 'point.0',
  pointwiseNorm: 'point.1',
  cue: 'cue',
  next: 'next',
};

/** The module of crln_torch.py that holds our layer: `decoder2/norm3` → `dec.1.7`, `stage1/query` → `stages.0.q`. */
function moduleName(path: string): string {
  const [first = '', second = ''] = path.split('/');
  const [, kind, index] = /^([a-zA-Z]+?)(\d*)$/.exec(first)!;
  const i = Number(index) - 1;
  if (kind === 'logits') return 'out';
  if (kind === 'representation') return { conv: 'rep.0', norm: 'rep.1' }[second] ?? 'rep.3';
  if (kind === 'stage') return `stages.${i}.${STAGE[second]}`;
  if (kind === 'up' && index === '') return 'up.0';
  if (kind === 'up' || kind === 'down') return `${kind}.${i}.${second === 'conv' ? 0 : 1}`;
  const [, what, j] = /^(conv|norm)(\d+)$/.exec(second)!;
  return `${kind === 'encoder' ? 'enc' : 'dec'}.${i}.${3 * (Number(j) - 1) + (what === 'conv' ? 0 : 1)}`;
}

/** PyTorch's name in crln_torch.py of a weight of ours, for networks and for a DIM named `dynamicInteraction`. */
export function torchName(originalName: string): string {
  const name = originalName.replace(/^dynamicInteraction\//, '');
  if (name === 'prototypes') return name;
  const parts = name.split('/');
  const last = parts.pop()!;
  if (parts[0]?.startsWith('stage') && parts.length === 1) return `stages.${Number(parts[0].slice(5)) - 1}.${last}`;
  return `${moduleName(parts.join('/'))}.${last in NORM ? NORM[last as keyof typeof NORM] : OTHER[last as keyof typeof OTHER]}`;
}

/** The refinement's affine of a DIM stage: [C, R, 1] or [V] in PyTorch, [C, R] or [V] here. */
const isRefinement = (originalName: string) => /stage\d+\/(gain|bias)$/.test(originalName);

/** PyTorch's shape of one of our weights. */
function torchShape(originalName: string, ours: readonly number[]): number[] {
  const [d, h, w, ...channels] = ours as [number, number, number, ...number[]];
  if (isRefinement(originalName)) return ours.length === 2 ? [...ours, 1] : [...ours];
  if (ours.length === 5) return [channels[1]!, channels[0]!, d, h, w];
  if (ours.length === 4) return [channels[0]!, 1, d, h, w];
  return ours.length === 2 ? [ours[1]!, ours[0]!] : [...ours];
}

/**
 * PyTorch's values as our tensor: Linear transposed, convolutions [Co, Ci, k…] → [k…, Ci, Co] and transposed ones [Ci, Co, k…] →
 * [k…, Co, Ci], depthwise [C, 1, k…] → [k…, C].
 */
export function fromTorch(originalName: string, { shape, data }: Values): Tensor {
  return tidy(() => {
    if (isRefinement(originalName)) return tensor(data, shape.slice(0, 2));
    const x = tensor(data, shape);
    if (shape.length !== 5) return shape.length === 2 ? transpose(x) : x;
    const ours = transpose(x, [2, 3, 4, 1, 0]);
    return originalName.endsWith('depthwise/kernel') ? squeeze(ours, [3]) : ours;
  });
}

/** Gives a trainable weight the values that `fill` of `scripts/golden/common.py` gives its twin. */
function formula(weight: LayerVariable, prefix: string): Tensor {
  const name = torchName(weight.originalName);
  const shape = torchShape(weight.originalName, weight.shape as number[]);
  const last = weight.originalName.split('/').pop();
  if (last === 'gamma' || last === 'gain') return fromTorch(weight.originalName, number(prefix + name, shape, 0.2, 1));
  if (last === 'beta' || last === 'bias') return fromTorch(weight.originalName, number(prefix + name, shape, 0.2));
  const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
  return fromTorch(weight.originalName, number(prefix + name, shape, Math.sqrt(3 / fanIn)));
}

/** Gives every trainable weight its formula; `prefix` as in Python. */
export function fillByFormula(model: Weighted, prefix = ''): void {
  tidy(() => {
    for (const weight of model.trainableWeights) weight.write(formula(weight, prefix));
  });
}
