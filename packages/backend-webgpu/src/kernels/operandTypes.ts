import { CrlnError } from '@crln/core';
import type { TensorInfo } from '@tensorflow/tfjs-core';

/**
 * Refuses operands of another type than a shader reads them as, which would make other numbers of the same bits: the integers must be
 * int32 or bool, all others float32.
 *
 * @throws CrlnError `invalid-data`
 */
export function expectTypes(
  kernel: string,
  inputs: Readonly<Record<string, TensorInfo | undefined>>,
  integers: readonly string[],
): void {
  for (const [name, tensor] of Object.entries(inputs)) {
    if (!tensor) continue;
    const expected = integers.includes(name) ? 'int32' : 'float32';
    if ((tensor.dtype === 'float32') === (expected === 'float32')) continue;
    throw new CrlnError('invalid-data', `${kernel}: expected ${name} of type ${expected}, got ${tensor.dtype}`, {
      kernel,
      name,
      dtype: tensor.dtype,
    });
  }
}
