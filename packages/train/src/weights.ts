import { CrlnError } from '@crln/core';
import { weightVariables } from '@crln/layers';
import { type Tensor, tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { NamedTensors } from './checkpoint/types.js';

/** A `tf.LayersModel` or a `tf.layers.Layer`: something with named weights. */
export type Model = Parameters<typeof weightVariables>[0];

/** Parameters of several models in one record, under `<model>/<weight>`. */
export function joinParameters(models: Record<string, Model>): Record<string, Variable> {
  return Object.fromEntries(
    Object.entries(models).flatMap(([owner, model]) =>
      Object.entries(weightVariables(model)).map(([name, value]) => [`${owner}/${name}`, value]),
    ),
  );
}

/** Reads variables off the backend. */
export async function exportTensors(variables: Record<string, Tensor>): Promise<NamedTensors> {
  const out: NamedTensors = {};
  for (const [name, value] of Object.entries(variables)) {
    out[name] = { shape: [...value.shape], data: Float32Array.from(await value.data()) };
  }
  return out;
}

/**
 * Writes stored tensors into variables.
 * @param owner whose they are, for messages: `model student`
 * @throws CrlnError `settings-differ` where names or shapes are not those of the variables
 */
export function importTensors(variables: Record<string, Variable>, stored: NamedTensors, owner: string): void {
  const missing = Object.keys(variables).filter((name) => !(name in stored));
  const unknown = Object.keys(stored).filter((name) => !(name in variables));
  const [odd] = [...missing, ...unknown];
  if (odd !== undefined) {
    const where = missing.length ? 'is missing in the checkpoint' : 'is in the checkpoint only';
    throw new CrlnError('settings-differ', `${owner}: '${odd}' ${where}; use the settings that the run was made with`, {
      owner,
      missing,
      unknown,
    });
  }
  for (const [name, value] of Object.entries(variables)) {
    const { shape, data } = stored[name] as NamedTensors[string];
    if (shape.join() !== value.shape.join()) {
      throw new CrlnError(
        'settings-differ',
        `${owner}: '${name}' has shape [${shape}] in the checkpoint, [${value.shape}] here; use the settings that the run was made with`,
        { owner, name, stored: shape, wanted: value.shape },
      );
    }
    tidy(() => void value.assign(tensor(data, shape)));
  }
}
