import { KERNELS, type SgdAttrs } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from '../kernelConfig.js';

/** g ← g + weightDecay·p; v ← momentum·v + g; p ← p − lr·(nesterov ? g + momentum·v : v): PyTorch's SGD. */
const sgdStep = defineKernel<Record<'parameter' | 'gradient' | 'velocity', TensorInfo>, SgdAttrs>(
  KERNELS.SgdStep,
  ({ inputs, attrs: { learningRate, momentum, weightDecay, nesterov }, values, output }) => {
    const [p, g, v] = [values(inputs.parameter), values(inputs.gradient), values(inputs.velocity)];
    const nextP = new Float32Array(p.length);
    const nextV = new Float32Array(p.length);
    // Both forms are lr·(c·g + d·v') with constants.
    const gradientPart = nesterov ? learningRate : 0;
    const velocityPart = nesterov ? learningRate * momentum : learningRate;
    for (let i = 0; i < p.length; i++) {
      const gradient = g[i]! + weightDecay * p[i]!;
      const velocity = momentum * v[i]! + gradient;
      nextV[i] = velocity;
      nextP[i] = p[i]! - (gradientPart * gradient + velocityPart * velocity);
    }
    return [output(inputs.parameter.shape, nextP), output(inputs.parameter.shape, nextV)];
  },
);

/** target·decay + source·(1 − decay). */
const emaStep = defineKernel<Record<'target' | 'source', TensorInfo>, { decay: number }>(
  KERNELS.EmaStep,
  ({ inputs: { target, source }, attrs: { decay }, values, output }) => {
    const [t, s] = [values(target), values(source)];
    const next = new Float32Array(t.length);
    for (let i = 0; i < t.length; i++) next[i] = t[i]! * decay + s[i]! * (1 - decay);
    return output(target.shape, next);
  },
);

export const optimizerKernels: readonly KernelConfig[] = [sgdStep, emaStep];
