import { CrlnError } from '@crln/core';

const UPSAMPLES = ['transposed', 'trilinear', 'nearest'] as const;

/** How a decoder doubles the resolution. */
export type Upsample = (typeof UPSAMPLES)[number];

/** Options that V-Net and 3D U-Net share. */
export interface NetworkOptions {
  /** Channels of the image. Default 1. */
  inChannels?: number;
  /** Channels of the logits. Default 2. */
  classes?: number;
  /** Channels of the first level; every level down doubles them. Default 16. */
  baseFilters?: number;
  /** Number of down-samplings, at least 2; D, H, W must be multiples of 2^levels. Default 4. */
  levels?: number;
  /** Dropout rate after the bottleneck and after the last decoder layer. */
  dropout?: number;
  /**
   * How the decoder goes up. Default `'transposed'`. Several: as many decoders on the one encoder, each with logits of its own
   * (`decoders` of `applyNetwork`).
   */
  upsample?: Upsample | readonly Upsample[];
  /**
   * So many of the decoder layers below full resolution give logits too, for deep supervision and the like: that at half resolution, a
   * quarter, … Each head is dropout, a 1×1×1 conv, and a trilinear enlargement to full resolution. Default 0; at most levels − 1.
   */
  auxiliaryHeads?: number;
  /** Width R of the representation head; without it there is no head. */
  representation?: number;
  /**
   * Whether a training step keeps the ends of every block alone and computes what lies between them again in its backward pass: the same
   * logits, gradients and running statistics bit for bit, in a fraction of the memory, for a third more time. Default false.
   */
  recompute?: boolean;
  /** Seed of the first weights. Default 0. */
  seed?: number;
  name?: string;
}

/** Throws a CrlnError `invalid-option` unless `value` is a whole number of at least `least`. */
export function wholeNumber(owner: string, option: string, value: number, least: number): number {
  if (!Number.isInteger(value) || value < least) {
    throw new CrlnError('invalid-option', `${owner}: ${option} must be a whole number >= ${least}, got ${value}`, {
      option,
      value,
    });
  }
  return value;
}

/** Fills in the defaults and checks. */
export function resolveNetwork(options: NetworkOptions, dropout: number, name: string) {
  const given = {
    inChannels: 1,
    classes: 2,
    baseFilters: 16,
    levels: 4,
    dropout,
    seed: 0,
    recompute: false,
    auxiliaryHeads: 0,
    name,
    ...options,
    upsample: [options.upsample ?? 'transposed'].flat() as Upsample[],
  };
  wholeNumber(given.name, 'inChannels', given.inChannels, 1);
  wholeNumber(given.name, 'classes', given.classes, 1);
  wholeNumber(given.name, 'baseFilters', given.baseFilters, 1);
  wholeNumber(given.name, 'levels', given.levels, 2);
  wholeNumber(given.name, 'auxiliaryHeads', given.auxiliaryHeads, 0);
  const { auxiliaryHeads, levels, upsample } = given;
  if (auxiliaryHeads > levels - 1) {
    throw new CrlnError(
      'invalid-option',
      `${given.name}: ${levels} levels have ${levels - 1} decoder layers below full resolution, too few for ${auxiliaryHeads} auxiliary heads`,
      { auxiliaryHeads, levels },
    );
  }
  if (upsample.length === 0 || !upsample.every((one) => UPSAMPLES.includes(one))) {
    throw new CrlnError(
      'invalid-option',
      `${given.name}: upsample must be one or several of '${UPSAMPLES.join("', '")}', got ${upsample.join(', ') || 'none'}`,
      { upsample },
    );
  }
  if (given.representation !== undefined) wholeNumber(given.name, 'representation', given.representation, 1);
  return given;
}

export type ResolvedNetwork = ReturnType<typeof resolveNetwork>;

/** Channels of every level, from full resolution down to the bottleneck. */
export const levelWidths = ({ baseFilters, levels }: ResolvedNetwork): number[] =>
  Array.from({ length: levels + 1 }, (_, level) => baseFilters * 2 ** level);
