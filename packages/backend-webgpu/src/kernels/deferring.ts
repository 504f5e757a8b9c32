import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelCall } from '../kernelConfig.js';
import type { Recording } from '../product/run.js';
import { sumParts } from '../product/sumParts.js';

/**
 * The recording of a product into `result` that leaves sums in parts to whoever reads them first: a norm adds them up on its way, others have
 * them added up.
 * @param mostBytes Longer ones are added up at once: for results that are read much later.
 */
export function deferring(
  { run, scratch, keep, backend }: KernelCall<unknown, unknown>,
  result: TensorInfo,
  mostBytes = Number.POSITIVE_INFINITY,
): Recording {
  return {
    ...{ run, scratch, backend },
    defer(job) {
      if (4 * job.parts * job.size > mostBytes) {
        sumParts({ run }, job, result);
        return;
      }
      keep(job.from);
      const { from: parts, parts: count, size } = job;
      // A variable's own data may be other data by then.
      const bias = job.bias && { dataId: job.bias.dataId, shape: job.bias.shape, dtype: job.bias.dtype };
      const finish = () => sumParts({ run }, { ...job, bias }, result);
      backend.defer(result, { parts, count, size, bias, finish });
    },
  };
}

/** Terms that a thread adds up at most where few workgroups share them; else a pass of many does it first. */
export const MOST_SUMMED = 128;

/** Its sum, in WGSL: of the `partials` of an element `at`, in arrays of `p.partSize` lanes. */
export const deferredSum = (bias: boolean): string => `
      var whole = partials[at];
      for (var part = 1u; part < p.partCount; part++) { whole += partials[part * p.partSize + at]; }
      ${bias ? 'whole += bias[channel];' : ''}`;

/** The parameters that {@link deferredSum} needs. */
export const DEFERRED = { partCount: 'u32', partSize: 'u32' } as const;
