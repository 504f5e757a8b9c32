import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';
import { elementOf } from './elementwise.js';
import { each } from './parameters.js';

const WORKGROUP = 256;
/** Terms of one dispatch, which binds one buffer more. */
const MOST = 7;

/** Σ of tensors of one shape, in their order. */
const addN = defineKernel<Record<number, TensorInfo>>('AddN', ({ inputs, output, run }) => {
  const terms = Object.values(inputs);
  const { shape, dtype } = terms[0]!;
  const y = output(shape, dtype);
  const element = `vec4<${elementOf(dtype)}>` as const;
  const count = Math.ceil(util.sizeFromShape(shape) / 4);
  for (let first = 0; first < terms.length; first += MOST) {
    const part = terms.slice(first, first + MOST);
    const names = part.map((_, i) => `x${i}`);
    const program = shader(`addN ${element} ${part.length} ${first > 0}`, () => ({
      inputs: each(names, element),
      outputs: { y: element },
      params: { count: 'u32' },
      workgroup: [WORKGROUP],
      body: `if (index < p.count) {
        y[index] = ${[...(first > 0 ? ['y'] : []), ...names].map((name) => `${name}[index]`).join(' + ')};
      }`,
    }));
    const operands = Object.fromEntries(part.map((term, i) => [`x${i}`, term]));
    run(program, { ...operands, y }, { count }, flatGroups(count, WORKGROUP));
  }
  return y;
});

export const addNKernels: readonly KernelConfig[] = [addN];
