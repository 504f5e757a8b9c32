import { CrlnError, isCrlnError } from '@crln/core';
import { io, type NamedTensorMap, type serialization, tidy } from '@tensorflow/tfjs-core';
import { input, LayersModel, type layers, loadLayersModel, type Shape } from '@tensorflow/tfjs-layers';
import { Layer3d } from '../layers/layer3d.js';
import { layerClasses, registerLayers } from '../register.js';
import type { Weighted } from '../variables.js';

/** `format` of artifacts that hold a single layer of this package. Models have tfjs's own `'layers-model'`. */
const LAYER_FORMAT = 'crln-layer';

interface LayerTopology {
  className: string;
  config: serialization.ConfigDict;
  /** What the layer was built for. */
  inputShape: Shape | Shape[];
}

/**
 * Saves a model, or a single built layer of this package (such as a `DynamicInteraction`), weights and configuration, running
 * statistics included. Takes any `tf.io.IOHandler`: {@link memoryHandler}, `fileHandler` of `@crln/layers/node`, or tfjs's own for models.
 *
 * @throws CrlnError `invalid-argument` for a layer that is not built or not of this package.
 */
export async function saveModel(model: Weighted, handler: io.IOHandler): Promise<io.SaveResult> {
  if (model instanceof LayersModel) return model.save(handler);
  if (!(model instanceof Layer3d) || !model.built || !model.builtFor) {
    throw new CrlnError(
      'invalid-argument',
      `saveModel: expected a LayersModel or a built layer of @crln/layers, got ${model.name}`,
      { name: model.name },
    );
  }
  if (!handler.save) {
    throw new CrlnError('invalid-argument', 'saveModel: this IOHandler cannot save', {});
  }
  const named = model.weights.map((w) => ({ name: w.originalName, tensor: w.read() }));
  const { data, specs } = await io.encodeWeights(named);
  const topology: LayerTopology = {
    className: model.getClassName(),
    config: model.getConfig(),
    inputShape: model.builtFor,
  };
  return handler.save({ format: LAYER_FORMAT, modelTopology: topology, weightSpecs: specs, weightData: data });
}

/**
 * Loads what {@link saveModel} saved: bit-equal weights, hence the same outputs.
 *
 * @typeParam T What was saved: a `LayersModel` (default) or a layer class of this package.
 * @throws CrlnError `file-format` where the artifacts do not fit together; and what the handler throws.
 */
export async function loadModel<T extends Weighted = LayersModel>(handler: io.IOHandler): Promise<T> {
  registerLayers();
  if (!handler.load) throw new CrlnError('invalid-argument', 'loadModel: this IOHandler cannot load', {});
  const artifacts = await handler.load();
  try {
    if (artifacts.format === LAYER_FORMAT) return loadLayer(artifacts) as unknown as T;
    return (await loadLayersModel({ load: async () => artifacts })) as unknown as T;
  } catch (error) {
    if (isCrlnError(error)) throw error;
    throw new CrlnError(
      'file-format',
      `loadModel: the saved model is damaged or of another kind: ${error}`,
      {},
      {
        cause: error,
      },
    );
  }
}

function loadLayer({ modelTopology, weightData, weightSpecs }: io.ModelArtifacts): layers.Layer {
  const { className, config, inputShape } = modelTopology as LayerTopology;
  const known = layerClasses().find((layer) => layer.className === className);
  if (!known) {
    throw new CrlnError('file-format', `loadModel: '${className}' is no layer of @crln/layers`, { className });
  }
  const layer = new (known as unknown as new (config: serialization.ConfigDict) => Layer3d)(config);
  const shapes = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as Shape[];
  // Built by a symbolic call, so that the weights get their names; their first values are replaced right after.
  layer.setFastWeightInitDuringBuild(true);
  const inputs = shapes.map((batchShape) => input({ batchShape }));
  layer.apply(Array.isArray(inputShape[0]) ? inputs : inputs[0]!);
  tidy(() => {
    const saved: NamedTensorMap = io.decodeWeights(weightData!, weightSpecs!);
    for (const weight of layer.weights) {
      const value = saved[weight.originalName];
      if (!value) {
        throw new CrlnError('file-format', `loadModel: the weight ${weight.originalName} is missing`, {
          weight: weight.originalName,
        });
      }
      weight.write(value);
    }
  });
  return layer;
}
