import { CrlnError } from '@crln/core';
import { type Tensor, tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { NamedTensors } from './checkpoint/types.js';

/** One weight of a model or layer, as TensorFlow.js has it (`LayerVariable`). */
export interface Weight {
  readonly originalName: string;
  read(): Tensor;
}

/** A `tf.LayersModel` or a `tf.layers.Layer`: something with named weights. */
export interface Model {
  readonly name: string;
  readonly trainableWeights: Weight[];
  readonly nonTrainableWeights: Weight[];
}

/** A model's weights by stable name. @throws CrlnError `internal` where two have one name */
function byName(model: Model, weights: Weight[]): Record<string, Variable> {
  const named: Record<string, Variable> = {};
  for (const weight of weights) {
    if (weight.originalName in named) {
      throw new CrlnError('internal', `model ${model.name} has two weights named ${weight.originalName}`, {
        model: model.name,
        weight: weight.originalName,
      });
    }
    // `read` of a layer's weight hands out its variable.
    named[weight.originalName] = weight.read() as Variable;
  }
  return named;
}

/** What an optimizer may change. */
export const parametersOf = (model: Model): Record<string, Variable> => byName(model, model.trainableWeights);

/** What a model keeps beside its parameters: running statistics. */
export const buffersOf = (model: Model): Record<string, Variable> => byName(model, model.nonTrainableWeights);

/** All of a model's variables. */
export const variablesOf = (model: Model): Record<string, Variable> =>
  byName(model, [...model.trainableWeights, ...model.nonTrainableWeights]);

/** Parameters of several models in one record, under `<model>/<weight>`. */
export function joinParameters(models: Record<string, Model>): Record<string, Variable> {
  return Object.fromEntries(
    Object.entries(models).flatMap(([owner, model]) =>
      Object.entries(parametersOf(model)).map(([name, value]) => [`${owner}/${name}`, value]),
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
 * @throws CrlnError `settings-differ` where names or shapes are not those of the variables
 */
export function importTensors(variables: Record<string, Variable>, stored: NamedTensors, owner: string): void {
  const missing = Object.keys(variables).filter((name) => !(name in stored));
  const unknown = Object.keys(stored).filter((name) => !(name in variables));
  const [odd] = [...missing, ...unknown];
  if (odd !== undefined) {
    const where = missing.length ? 'is missing in the checkpoint' : 'is in the checkpoint only';
    throw new CrlnError('settings-differ', `${owner}: weight '${odd}' ${where}; resume with the run's own settings`, {
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
        `${owner}: weight '${name}' has shape [${shape}] in the checkpoint, [${value.shape}] here`,
        { owner, name, stored: shape, wanted: value.shape },
      );
    }
    tidy(() => value.assign(tensor(data, shape)));
  }
}

/** Makes all variables of `target` equal those of `source`, by position: both come from the same builder. */
export function copyWeights(target: Model, source: Model): void {
  const to = Object.values(variablesOf(target));
  Object.values(variablesOf(source)).forEach((value, i) => void tidy(() => (to[i] as Variable).assign(value.clone())));
}
