import { CrlnError } from '@crln/core';
import type { Layer3dOptions } from '../layers/layer3d.js';
import { wholeNumber } from '../networks/options.js';

/** Options of the Dynamic Interaction Module. */
export interface DynamicInteractionOptions extends Layer3dOptions {
  /** Classes C, as many as the logits have channels. Default 2. */
  classes?: number;
  /** Prototypes R a class. Default 16. */
  prototypes?: number;
  /** Channels of the feature each stage takes, coarsest first; the last has twice the coarseness of the image. Default [64, 32]. */
  widths?: number[];
  /** Preset of the switches below: what the authors ran (default), or what the text says. */
  variant?: 'reference' | 'paper';
  /** P ← P + drop(P_att) (`paper`), or P ← P_att + drop(P_att) (`reference`). */
  residual?: boolean;
  /**
   * Gain and bias of the proximity refinement: one per (class, prototype), for any patch size (default); or one per voxel as
   * the authors have it, for the one patch size that `voxels` names.
   */
  affine?: 'prototype' | 'voxel';
  /** Number of voxels of every stage's feature, for `affine: 'voxel'`. */
  voxels?: number[];
  /** A further 1×1×1 conv C·R → C across classes and prototypes, added to the map of the last stage (`paper`). */
  crossClass?: boolean;
  /**
   * Read row c·R + r of the bank as prototype ⌊row / C⌋ of class row mod C wherever scores or attended prototypes are
   * split by class, as the authors' reshape does. Default false: classes keep their rows.
   */
  legacyPrototypeOrder?: boolean;
  /** Standard deviation of the bank's first values: a normal truncated at 2σ; 0 gives zeros. `reference` 0, `paper` 0.02. */
  initStd?: number;
  /** Rate of stochastic depth per sample (Huang et al. 2016). Default 1/30. */
  dropPath?: number;
  /** Added to variances. Default 1e-5. */
  epsilon?: number;
  /** PyTorch's momentum of the running statistics. Default 0.1. */
  momentum?: number;
}

const PRESETS = {
  reference: { residual: false, crossClass: false, initStd: 0 },
  paper: { residual: true, crossClass: true, initStd: 0.02 },
} as const;

/** Fills in the preset and the defaults, and checks. */
export function resolveInteraction(options: DynamicInteractionOptions) {
  const owner = options.name ?? 'dynamicInteraction';
  const { variant = 'reference' } = options;
  const preset = PRESETS[variant];
  if (!preset) {
    throw new CrlnError('invalid-option', `${owner}: variant must be 'reference' or 'paper', got ${variant}`, {
      variant,
    });
  }
  const resolved = {
    classes: wholeNumber(owner, 'classes', options.classes ?? 2, 1),
    prototypes: wholeNumber(owner, 'prototypes', options.prototypes ?? 16, 1),
    widths: options.widths ?? [64, 32],
    variant,
    residual: options.residual ?? preset.residual,
    affine: options.affine ?? 'prototype',
    voxels: options.voxels ?? null,
    crossClass: options.crossClass ?? preset.crossClass,
    legacyPrototypeOrder: options.legacyPrototypeOrder ?? false,
    initStd: options.initStd ?? preset.initStd,
    dropPath: options.dropPath ?? 1 / 30,
    epsilon: options.epsilon ?? 1e-5,
    momentum: options.momentum ?? 0.1,
  };
  if (resolved.widths.length === 0) {
    throw new CrlnError('invalid-option', `${owner}: widths must name at least one stage`, { widths: resolved.widths });
  }
  for (const width of resolved.widths) wholeNumber(owner, 'widths', width, 1);
  if (!(resolved.dropPath >= 0 && resolved.dropPath < 1)) {
    throw new CrlnError('invalid-option', `${owner}: dropPath must be in [0, 1), got ${resolved.dropPath}`, {
      dropPath: resolved.dropPath,
    });
  }
  if (resolved.affine !== 'prototype' && resolved.affine !== 'voxel') {
    throw new CrlnError('invalid-option', `${owner}: affine must be 'prototype' or 'voxel', got ${resolved.affine}`, {
      affine: resolved.affine,
    });
  }
  if (resolved.affine === 'voxel' && resolved.voxels?.length !== resolved.widths.length) {
    throw new CrlnError(
      'invalid-option',
      `${owner}: affine 'voxel' needs voxels, the number of voxels of each of the ${resolved.widths.length} stages, got ${JSON.stringify(resolved.voxels)}`,
      { voxels: resolved.voxels },
    );
  }
  return resolved;
}

export type ResolvedInteraction = ReturnType<typeof resolveInteraction>;
