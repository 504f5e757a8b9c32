import { CrlnError, type Triple } from '@crln/core';
import type { Footprint } from '../method.js';
import type { NetworkSettings } from '../settings.js';

export interface MemoryQuestion extends Footprint {
  network: NetworkSettings;
  patch: Triple;
  batch: readonly [number, number];
  classes: number;
  /** How activations are stored: those in half precision take half. Default float32. */
  precision?: 'f32' | 'f16' | undefined;
  /** Whether the backend is `webgpu`, where all parameters are updated at once. */
  gpu?: boolean;
}

/** Memory grows in steps of 16 MiB, of which half are empty on average, and holds about a tenth more than what is in use at once. */
const STEP = 2 ** 23;
const SLACK = 1.1;

/**
 * About how many bytes of memory tensors take in a training iteration at its peak: within a fifth of what was measured (what the WebAssembly memory
 * had grown to) on V-Nets and 3D U-Nets of 8 and 16 base filters with patches of 32×32×16 and 64×64×32, supervised and semi-supervised.
 *
 * At its peak an iteration holds the activations of all patches (`activations` below), the losses' copies of the scores, and of the parameters
 * student, teacher and velocity. (The gradients come when most activations have gone; on a GPU they and the new parameters, velocities and averages lie
 * beside all else, since buffers of other sizes are not given back.) A representation of width R adds its head's
 * activations and their gradient, and with it come the scores of the interaction: ten copies of C·R of them at half resolution, and
 * the losses on the map, of each labelled patch.
 */
export function estimateMemory(question: MemoryQuestion): number {
  const { network, patch, batch, classes, representation = 0, precision, gpu = false } = question;
  const { networks = 1, decoders = 1, share = 1, scores = 0 } = question;
  const voxels = patch[0] * patch[1] * patch[2];
  const [labelled, patches] = [batch[0], share * (batch[0] + batch[1])];
  const { kept, passing, parameters: trained } = activations(network, decoders);
  const parameters = networks * trained;
  const stored = precision === 'f16' ? 0.5 : 1;
  const losses = 4 * classes + 2;
  let floats =
    networks * (stored * kept * network.baseFilters + decoders * losses + scores * classes) * patches +
    stored * passing * network.baseFilters * Math.max(...batch);
  if (representation > 0) {
    const head = network.recompute ? 2 : 4;
    floats +=
      (stored * head * representation + 6) * patches + ((10 / 8) * classes * representation + losses) * labelled;
  }
  return 4 * SLACK * ((gpu ? 8 : 3) * parameters + Math.max(voxels * floats, parameters)) + STEP;
}

/**
 * Activations that a patch has, in volumes of full resolution and `baseFilters` channels (a level down is a quarter of one above it),
 * and parameters.
 *
 * `kept`: all of them between forward and backward pass. Convs and norms leave one each; so do sums, twice or three times as
 * many channels where a 3D U-Net enlarges or concatenates. With `recompute` only the ends of the blocks, at full resolution of each conv.
 * `passing`: what more the backward pass holds at once, of the patches of one forward pass.
 */
function activations({ type, baseFilters, levels, upsample, recompute }: NetworkSettings, decoders: number) {
  const plain = type === 'vNet';
  const convolved = upsample === undefined || upsample === 'transposed';
  // What lies between a level and the sum or concatenation above it: V-Net's other ways up enlarge before they convolve.
  const enlarged = plain ? (convolved ? 0 : 2) : convolved ? 4 : 2;
  // Dropout after the bottleneck and at full resolution.
  let kept = decoders + 4 ** -levels;
  let parameters = 0;
  for (let level = 0; level <= levels; level++) {
    const convs = plain ? Math.min(level + 1, 3) : 2;
    const down = level === 0 ? 0 : plain ? 2 : 0.5;
    const encoder = recompute ? (level === 0 ? convs : 1) : 2 * convs + down;
    const decoder = recompute ? (level === 0 ? convs + (plain ? 1 : 2) : 1) : 2 * convs + 3;
    // Other decoders than the first enlarge.
    const enlarging = recompute ? 0 : enlarged + 2 * (decoders - 1);
    const deepest = level === levels;
    kept += (encoder + (deepest ? 0 : decoders * decoder + enlarging)) / 4 ** level;
    const width = baseFilters * 2 ** level;
    parameters += 27 * width * width * convs * (deepest ? 1 : 1 + decoders) + 16 * width * width;
  }
  return { kept, passing: recompute ? (plain ? 2 : 4.5) : 0, parameters };
}

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB (${Math.ceil(bytes)} bytes)`;

/** Refuses what cannot fit. @throws CrlnError `out-of-memory` naming the bytes, what is large and what would help */
export function checkMemory(question: MemoryQuestion, limit: number): number {
  const bytes = estimateMemory(question);
  if (bytes > limit) {
    const { patch, batch, network } = question;
    throw new CrlnError(
      'out-of-memory',
      `a training iteration with patch [${patch}], batch [${batch}] and ${network.baseFilters} base filters needs about ${gib(bytes)}, more than ${gib(limit)}; use ${network.recompute ? '' : 'network.recompute, '}a smaller patch, fewer base filters or a smaller batch`,
      { bytes, limit, patch, batch },
    );
  }
  return bytes;
}

/** @throws CrlnError `invalid-shape` unless every side of the patch is a multiple of 2^levels */
export function checkPatch(patch: Triple, levels: number): void {
  const unit = 2 ** levels;
  if (patch.every((side) => side % unit === 0)) return;
  const nearest = patch.map((side) => Math.max(Math.round(side / unit), 1) * unit);
  throw new CrlnError(
    'invalid-shape',
    `patch [${patch}]: with ${levels} levels every side must be a multiple of ${unit}, such as [${nearest}]`,
    { patch, levels, nearest },
  );
}
