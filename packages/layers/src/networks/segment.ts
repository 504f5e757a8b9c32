import { input, type layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Layer3d } from '../layers/layer3d.js';
import { Recompute3d } from '../layers/recompute3d.js';

/** Applies a layer to a symbolic tensor. */
export const through = (layer: layers.Layer | Layer3d, x: SymbolicTensor | SymbolicTensor[]): SymbolicTensor =>
  layer.apply(x) as SymbolicTensor;

/** Layers from some tensors to one. */
type Build = (...inputs: SymbolicTensor[]) => SymbolicTensor;

/** Puts parts of a network together: as they are, or each as one layer whose activations are computed again in the backward pass. */
export const segments =
  (recompute: boolean) =>
  (name: string, inputs: SymbolicTensor[], build: Build): SymbolicTensor => {
    if (!recompute) return build(...inputs);
    const own = inputs.map(({ shape }, i) => input({ batchShape: shape, name: `${name}/input${i + 1}` }));
    const part = model({ inputs: own, outputs: build(...own), name });
    return through(new Recompute3d({ model: part, name }), inputs.length === 1 ? inputs[0]! : inputs);
  };
