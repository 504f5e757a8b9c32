import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { flatGroups, shader } from '../gpu/shader.js';
import { defineKernel } from '../kernelConfig.js';

/** One number x to another, in WGSL; a and b are the attributes. */
const OPERATIONS: Readonly<Record<string, string>> = {
  Relu: 'select(max(x, 0), x, isNan(x))',
};

const WORKGROUP = 256;

const unary = ([name, expression]: [string, string]): KernelConfig =>
  defineKernel<{ x: TensorInfo }>(name, ({ inputs: { x }, output, run }) => {
    const element = x.dtype === 'float32' ? 'f32' : 'i32';
    const y = output(x.shape, x.dtype);
    const size = util.sizeFromShape(x.shape);
    const program = shader(`unary ${name} ${element}`, () => ({
      inputs: { source: element },
      outputs: { y: element },
      params: { size: 'u32' },
      workgroup: [WORKGROUP],
      body: `if (index < p.size) { let x = source[index]; y[index] = ${expression}; }`,
    }));
    run(program, { source: x, y }, { size }, flatGroups(size, WORKGROUP));
    return y;
  });

export const unaryKernels: readonly KernelConfig[] = Object.entries(OPERATIONS).map(unary);
