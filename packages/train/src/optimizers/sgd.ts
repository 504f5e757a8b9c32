import { CrlnError } from '@crln/core';
import { lossScaleOf, lossScaleState, lossScaleStep, optimizerStep, variableGradients } from '@crln/ops';
import { keep, mul, type Scalar, type Tensor, tidy, type Variable, variable, zeros } from '@tensorflow/tfjs-core';
import type { MovingAverage } from './ema.js';

/** Parameters that are moved at a time: the new ones lie beside the old ones until then. */
const GROUP = 1 << 22;

export interface SgdOptions {
  learningRate: number;
  /** Default 0.9. */
  momentum?: number;
  /** Default true; needs a momentum. */
  nesterov?: boolean;
  /** Added to the gradient as weightDecay·p, on every parameter. Default 0. */
  weightDecay?: number;
  /**
   * The loss is multiplied by it before the backward pass, and it adapts: see `lossScaleStep` of `@crln/ops`. For activations in half
   * precision. Absent: no scaling.
   */
  lossScale?: number | undefined;
}

/** What a trainer needs of an optimizer: a rate to schedule, and slots to save. */
export interface Optimizer {
  learningRate: number;
  /** How many numbers it moves. */
  readonly parameters: number;
  /** Its memory by parameter name. A slot that does not exist yet is absent, and may be set by {@link Optimizer.restore}. */
  slots(): Record<string, Variable>;
  /** Takes the slots of a checkpoint. */
  restore(slots: Record<string, Tensor>): void;
  dispose(): void;
}

/** The slot of the loss scale; names of parameters have a slash. */
export const LOSS_SCALE = 'lossScale';

/**
 * Stochastic gradient descent with momentum as PyTorch has it: g ← g + λ·p; v ← m·v + g; p ← p − η·(nesterov ? g + m·v : v), v = 0
 * at first. A parameter without a gradient is skipped entirely: no decay, no momentum. (One whose gradient is zero still decays.)
 */
export class Sgd implements Optimizer {
  learningRate: number;
  readonly parameters: number;
  readonly #parameters: Readonly<Record<string, Variable>>;
  readonly #velocities: Record<string, Variable> = {};
  readonly #lossScale: Variable | undefined;
  readonly #attrs: { momentum: number; nesterov: boolean; weightDecay: number };

  /** @param parameters by stable name */
  constructor(parameters: Readonly<Record<string, Variable>>, options: SgdOptions) {
    const { learningRate, momentum = 0.9, weightDecay = 0, lossScale } = options;
    const nesterov = (options.nesterov ?? true) && momentum > 0;
    if (!(learningRate >= 0) || !(momentum >= 0 && momentum < 1) || !(weightDecay >= 0)) {
      throw new CrlnError(
        'invalid-option',
        `Sgd: expected learningRate >= 0, 0 <= momentum < 1, weightDecay >= 0, got ${learningRate}, ${momentum}, ${weightDecay}`,
        { learningRate, momentum, weightDecay },
      );
    }
    this.#parameters = parameters;
    this.parameters = Object.values(parameters).reduce((sum, { size }) => sum + size, 0);
    this.learningRate = learningRate;
    this.#attrs = { momentum, nesterov, weightDecay };
    this.#lossScale = lossScale === undefined ? undefined : tidy(() => variable(lossScaleState(lossScale), false));
  }

  /**
   * One step down the gradient of `terms().loss`. `terms` runs on the tape; call it with nothing on it that needs no gradient.
   *
   * @param average follows the parameters, in the same pass
   * @returns all terms, kept (`tf.keep`): the caller disposes them
   */
  minimise(terms: () => { loss: Scalar } & Record<string, Scalar>, average?: MovingAverage): Record<string, Scalar> {
    let kept: Record<string, Scalar> = {};
    tidy(() => {
      const forward = () => {
        const found = terms();
        kept = Object.fromEntries(Object.entries(found).map(([name, term]) => [name, keep(term.clone())]));
        return this.#lossScale ? mul<Scalar>(found.loss, lossScaleOf(this.#lossScale)) : found.loss;
      };
      const names = Object.entries(this.#parameters);
      const { gradients } = variableGradients(
        forward,
        names.map(([, parameter]) => parameter),
      );
      this.step(Object.fromEntries(names.map(([name], i) => [name, gradients[i]])), average);
    });
    return kept;
  }

  /**
   * One step, of the parameters, velocities and averages in one pass. Gradients by parameter name, with a loss scale those of the scaled
   * loss; an absent one skips its parameter.
   *
   * @param average follows the parameters of this optimizer, those without a gradient too
   */
  step(gradients: Readonly<Record<string, Tensor | null | undefined>>, average?: MovingAverage): void {
    tidy(() => {
      const states = Object.entries(this.#parameters).flatMap(([name, parameter]) => {
        const gradient = gradients[name] ?? undefined;
        const follower = average?.of.get(parameter);
        if (!gradient && !follower) return [];
        return [{ parameter, gradient, velocity: gradient && this.#velocity(name, parameter), average: follower }];
      });
      const attrs = { learningRate: this.learningRate, ...this.#attrs, decay: average?.decay ?? 0 };
      const scaling = this.#lossScale;
      scaling?.assign(
        lossScaleStep(
          scaling,
          states.flatMap(({ gradient }) => gradient ?? []),
        ),
      );
      for (const group of inGroups(states)) {
        tidy(() => {
          optimizerStep(group, attrs, scaling).forEach((moved, i) => {
            for (const [role, value] of Object.entries(moved)) group[i]?.[role as keyof typeof moved]?.assign(value);
          });
        });
      }
    });
  }

  slots(): Record<string, Variable> {
    return { ...this.#velocities, ...(this.#lossScale && { [LOSS_SCALE]: this.#lossScale }) };
  }

  restore(slots: Record<string, Tensor>): void {
    for (const [name, value] of Object.entries(slots)) {
      if (name === LOSS_SCALE) {
        // A run may go on in another precision.
        this.#lossScale?.assign(value);
        continue;
      }
      const parameter = this.#parameters[name];
      if (!parameter || parameter.shape.join() !== value.shape.join()) {
        throw new CrlnError(
          'settings-differ',
          `optimizer slot '${name}' of shape [${value.shape}] fits no parameter${parameter ? `: it has shape [${parameter.shape}]` : ''}`,
          { name, shape: value.shape },
        );
      }
      this.#velocity(name, parameter).assign(value);
    }
  }

  dispose(): void {
    for (const [name, velocity] of Object.entries(this.#velocities)) {
      velocity.dispose();
      delete this.#velocities[name];
    }
    this.#lossScale?.dispose();
  }

  #velocity(name: string, parameter: Variable): Variable {
    const made = this.#velocities[name] ?? tidy(() => variable(zeros(parameter.shape), false));
    this.#velocities[name] = made;
    return made;
  }
}

/** Neighbours, as many together as have {@link GROUP} parameters; one at least. */
function inGroups<T extends { parameter: Tensor }>(states: readonly T[]): T[][] {
  const groups: T[][] = [];
  let room = 0;
  for (const state of states) {
    const { size } = state.parameter;
    if (groups.length === 0 || size > room) {
      groups.push([]);
      room = GROUP;
    }
    groups.at(-1)!.push(state);
    room -= size;
  }
  return groups;
}
