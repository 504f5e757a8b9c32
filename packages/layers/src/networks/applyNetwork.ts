import { CrlnError } from '@crln/core';
import type { Tensor, Tensor5D } from '@tensorflow/tfjs-core';
import { type LayersModel, model as makeModel } from '@tensorflow/tfjs-layers';
import type { CallOptions } from '../layers/layer3d.js';

/** What a network says about an image. */
export interface NetworkOutput {
  /** [N, D, H, W, classes]. */
  logits: Tensor5D;
  /** [N, D, H, W, R], where the network has a representation head. */
  representation?: Tensor5D;
  /** `bottleneck`, and `decoder1` (coarsest) … `decoder<levels>` (full resolution). */
  features: Record<string, Tensor5D>;
  /** What {@link DynamicInteraction} takes: features at 1/4 (4·baseFilters channels) and 1/2 resolution (2·baseFilters). */
  interaction: [Tensor5D, Tensor5D];
}

/** How {@link applyNetwork} runs a network. */
export interface NetworkCallOptions extends CallOptions {
  /**
   * False leaves the representation head alone: no `representation`, none of its time, and its running statistics stay as they are.
   * Default true.
   */
  representation?: boolean;
}

/** Networks without their representation head, sharing their layers. A view has no weights of its own and nothing to dispose. */
const headless = new WeakMap<LayersModel, LayersModel>();

function withoutHead(model: LayersModel): LayersModel {
  const outputs = model.outputs.filter((_, i) => model.outputNames[i] !== 'representation');
  if (outputs.length === model.outputs.length) return model;
  const view = headless.get(model) ?? makeModel({ inputs: model.inputs, outputs, name: model.name });
  headless.set(model, view);
  return view;
}

/**
 * Runs {@link vNet} or {@link uNet3d} on an image [N, D, H, W, inChannels] and hands its outputs out by name. Training takes batch
 * statistics, updates the running ones and drops channels by `seed`, which should change every step.
 *
 * @throws CrlnError `invalid-shape` where the image does not fit, `invalid-argument` where the model is another.
 */
export function applyNetwork(model: LayersModel, image: Tensor, options: NetworkCallOptions = {}): NetworkOutput {
  const { representation: head = true, ...call } = options;
  const channels = model.inputs[0]!.shape[4];
  if (image.rank !== 5 || image.shape[4] !== channels) {
    throw new CrlnError(
      'invalid-shape',
      `${model.name}: expected an image [N, D, H, W, ${channels}], got [${image.shape.join(', ')}]`,
      { shape: image.shape, channels },
    );
  }
  const network = head ? model : withoutHead(model);
  const outputs = network.apply(image, call) as Tensor5D[];
  const named: Record<string, Tensor5D> = {};
  network.outputNames.forEach((name, i) => {
    named[name] = outputs[i]!;
  });
  const { logits, representation, ...features } = named;
  // With two levels the decoder input is what lies at 1/4 resolution.
  const levels = Object.keys(features).length - 1;
  const z1 = levels === 2 ? features.bottleneck : features[`decoder${levels - 2}`];
  const z2 = features[`decoder${levels - 1}`];
  if (!logits || !z1 || !z2) {
    throw new CrlnError(
      'invalid-argument',
      `${model.name}: expected a network made by vNet or uNet3d, with outputs logits, bottleneck, decoder1 …; it has ${model.outputNames.join(', ')}`,
      { outputs: model.outputNames },
    );
  }
  return { logits, ...(representation && { representation }), features, interaction: [z1, z2] };
}
