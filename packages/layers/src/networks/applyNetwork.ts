import { CrlnError } from '@crln/core';
import type { Tensor, Tensor5D } from '@tensorflow/tfjs-core';
import { type LayersModel, model as makeModel } from '@tensorflow/tfjs-layers';
import type { CallOptions } from '../layers/layer3d.js';

/** What a network says about an image. */
export interface NetworkOutput {
  /** [N, D, H, W, classes], of the first decoder. */
  logits: Tensor5D;
  /** Logits of every decoder; the first are `logits`. */
  decoders: Tensor5D[];
  /** Logits of the auxiliary heads at full resolution, finest first; of those that the network has. */
  auxiliary: Tensor5D[];
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
  /** False leaves auxiliary heads and all decoders but the first alone in the same way. Default true. */
  branches?: boolean;
}

/** Networks with some of their outputs, sharing their layers. A view has no weights of its own and nothing to dispose. */
const views = new WeakMap<LayersModel, Map<string, LayersModel>>();

function withoutHeads(model: LayersModel, { representation = true, branches = true }: NetworkCallOptions): LayersModel {
  const unwanted = (name: string) =>
    (!representation && name === 'representation') || (!branches && /^(logits|auxiliary)\d+$/.test(name));
  const wanted = model.outputNames.filter((name) => !unwanted(name));
  if (wanted.length === model.outputNames.length) return model;
  const made = views.get(model) ?? new Map<string, LayersModel>();
  views.set(model, made);
  const key = wanted.join();
  const outputs = wanted.map((name) => model.outputs[model.outputNames.indexOf(name)]!);
  const view = made.get(key) ?? makeModel({ inputs: model.inputs, outputs, name: model.name });
  made.set(key, view);
  return view;
}

/**
 * Runs {@link vNet} or {@link uNet3d} on an image [N, D, H, W, inChannels] and hands its outputs out by name. Training takes batch
 * statistics, updates the running ones and drops channels by `seed`, which should change every step.
 *
 * @throws CrlnError `invalid-shape` where the image does not fit, `invalid-argument` where the model is another.
 */
export function applyNetwork(model: LayersModel, image: Tensor, options: NetworkCallOptions = {}): NetworkOutput {
  const { representation: _, branches: __, ...call } = options;
  const channels = model.inputs[0]!.shape[4];
  if (image.rank !== 5 || image.shape[4] !== channels) {
    throw new CrlnError(
      'invalid-shape',
      `${model.name}: expected an image [N, D, H, W, ${channels}], got [${image.shape.join(', ')}]`,
      { shape: image.shape, channels },
    );
  }
  const network = withoutHeads(model, options);
  const outputs = network.apply(image, call) as Tensor5D[];
  const features: Record<string, Tensor5D> = {};
  const heads: Record<'logits' | 'auxiliary' | 'representation', Tensor5D[]> = {
    logits: [],
    auxiliary: [],
    representation: [],
  };
  network.outputNames.forEach((name, i) => {
    const [, head] = /^(logits|auxiliary|representation)\d*$/.exec(name) ?? [];
    if (head) heads[head as keyof typeof heads].push(outputs[i]!);
    else features[name] = outputs[i]!;
  });
  const [logits] = heads.logits;
  const [representation] = heads.representation;
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
  return {
    logits,
    decoders: heads.logits,
    auxiliary: heads.auxiliary,
    ...(representation && { representation }),
    features,
    interaction: [z1, z2],
  };
}
