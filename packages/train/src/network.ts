import { type NetworkOptions, uNet3d, vNet } from '@crln/layers';
import { activationPrecision } from '@crln/ops';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { MethodContext } from './method.js';
import { Sgd } from './optimizers/sgd.js';
import { joinParameters, type Model } from './weights.js';

/** The network that the settings name, with what a method wants of it. Two of one context start with equal weights. */
export function createNetwork(
  { classes, inChannels, seed, network }: MethodContext<unknown>,
  extra: Pick<NetworkOptions, 'representation' | 'upsample' | 'auxiliaryHeads'> = {},
): LayersModel {
  const { type, upsample, dropout, baseFilters, levels, recompute } = network;
  const options = {
    classes,
    inChannels,
    seed,
    baseFilters,
    levels,
    ...(upsample !== undefined && { upsample }),
    ...(dropout !== undefined && { dropout }),
    ...(recompute !== undefined && { recompute }),
    ...extra,
  };
  return type === 'vNet' ? vNet(options) : uNet3d(options);
}

/** The first loss scale where activations are stored in half precision: that of PyTorch's GradScaler. */
const LOSS_SCALE = 2 ** 16;

/** The optimizer that the settings name, for the parameters of some models; with a loss scale where the backend stores halves. */
export function createSgd({ optimizer }: MethodContext<unknown>, models: Record<string, Model>): Sgd {
  const { lossScale = activationPrecision() === 'f16' ? LOSS_SCALE : undefined, ...options } = optimizer;
  return new Sgd(joinParameters(models), { ...options, lossScale });
}
