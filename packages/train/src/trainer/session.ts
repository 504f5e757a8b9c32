import { CrlnError, stream } from '@crln/core';
import type { RawBatch } from '@crln/data';
import { weightVariables } from '@crln/layers';
import {
  dispose,
  type Scalar,
  type Tensor,
  type Tensor5D,
  type TensorContainer,
  tensor,
  tidy,
  type Variable,
} from '@tensorflow/tfjs-core';
import { type Batch, toTensors } from '../batch.js';
import type { Checkpoint, CheckpointContent, Json, NamedTensors } from '../checkpoint/types.js';
import type { AnyMethod, MethodContext, Parts, Prepared, StepContext } from '../method.js';
import { scheduledRate } from '../optimizers/schedule.js';
import { LOSS_SCALE } from '../optimizers/sgd.js';
import { exportTensors, importTensors } from '../weights.js';

/** A method, built: it steps, predicts, and becomes a checkpoint and back. Knows no method. */
export class Session {
  readonly method: AnyMethod;
  readonly context: MethodContext<unknown>;
  readonly parts: Parts;

  constructor(method: AnyMethod, context: MethodContext<unknown>) {
    this.method = method;
    this.context = context;
    // What building leaves behind beside the variables is cleaned up.
    this.parts = tidy(() => method.build(context)) as Parts;
  }

  /** What the method has to read back before a step. Most have nothing. */
  async prepare(raw: RawBatch, iteration: number, iterations: number): Promise<Prepared> {
    if (!this.method.prepare) return {};
    const batch = tidy(() => toTensors(raw) as unknown as TensorContainer);
    try {
      return await this.method.prepare(batch as unknown as Batch, this.#stepContext(iteration, iterations));
    } finally {
      dispose(batch);
    }
  }

  /**
   * One iteration. The caller disposes what it returns.
   * @param iteration from 0
   * @param prepared what {@link Session.prepare} gave for the same batch and iteration
   */
  step(raw: RawBatch, iteration: number, iterations: number, prepared: Prepared = {}): Record<string, Scalar> {
    const { schedule, learningRate } = this.context.optimizer;
    const rate = scheduledRate(schedule, learningRate, iteration, iterations);
    for (const optimizer of Object.values(this.parts.optimizers)) optimizer.learningRate = rate;
    const context = this.#stepContext(iteration, iterations, prepared);
    return tidy(() => this.method.step(toTensors(raw), context));
  }

  /** Class probabilities of patches. */
  readonly predict = (patches: Tensor5D): Tensor =>
    tidy(() => this.method.predict(patches, { ...this.context, parts: this.parts }));

  /** Everything that changes, read off the backend. @throws CrlnError `not-finite` naming the tensor */
  async snapshot(info: Record<string, Json>): Promise<CheckpointContent> {
    const groups = async (of: Record<string, Record<string, Tensor>>, kind: string) => {
      const out: Record<string, NamedTensors> = {};
      for (const [name, variables] of Object.entries(of)) {
        out[name] = await exportTensors(variables);
        assertFinite(out[name], `${kind} ${name}`);
      }
      return out;
    };
    const state = await exportTensors(this.parts.state ?? {});
    assertFinite(state, 'state');
    return {
      models: await groups(this.#models(), 'model'),
      optimizers: moving(await groups(this.#slots(), 'optimizer')),
      state,
      info: { method: this.method.name, ...info },
    };
  }

  /** Takes a checkpoint's place. @throws CrlnError `settings-differ` where it is of another method or size */
  restore(checkpoint: Checkpoint): void {
    const { method } = checkpoint.info;
    if (method !== this.method.name) {
      throw new CrlnError('settings-differ', `the checkpoint is of method ${String(method)}, not ${this.method.name}`, {
        stored: method,
        wanted: this.method.name,
      });
    }
    for (const [name, variables] of Object.entries(this.#models())) {
      importTensors(variables, named(checkpoint.models, name, 'model'), `model ${name}`);
    }
    for (const [name, optimizer] of Object.entries(this.parts.optimizers)) {
      tidy(() => {
        const slots = Object.entries(named(checkpoint.optimizers, name, 'optimizer'));
        optimizer.restore(Object.fromEntries(slots.map(([slot, { data, shape }]) => [slot, tensor(data, shape)])));
      });
    }
    importTensors(this.parts.state ?? {}, checkpoint.state, 'state');
  }

  /** How many numbers are trained. */
  get parameters(): number {
    return Object.values(this.parts.optimizers).reduce((sum, { parameters }) => sum + parameters, 0);
  }

  /** Frees every variable. */
  dispose(): void {
    for (const model of Object.values(this.parts.models)) model.dispose();
    for (const optimizer of Object.values(this.parts.optimizers)) optimizer.dispose();
    for (const variable of Object.values(this.parts.state ?? {})) variable.dispose();
  }

  #stepContext(iteration: number, iterations: number, prepared: Prepared = {}): StepContext<unknown, Parts> {
    const { seed } = this.context;
    return {
      ...this.context,
      parts: this.parts,
      iteration,
      iterations,
      stream: (purpose: string) => stream(seed, `${this.method.name}/${purpose}`, iteration),
      prepared,
    };
  }

  #models(): Record<string, Record<string, Variable>> {
    return mapValues(this.parts.models, (model) => weightVariables(model, 'all'));
  }

  #slots(): Record<string, Record<string, Variable>> {
    return mapValues(this.parts.optimizers, (optimizer) => optimizer.slots());
  }
}

const mapValues = <A, B>(of: Record<string, A>, f: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, f(value)]));

function named(groups: Record<string, NamedTensors>, name: string, kind: string): NamedTensors {
  const found = groups[name];
  if (!found) throw new CrlnError('settings-differ', `the checkpoint has no ${kind} ${name}`, { kind, name });
  return found;
}

/** Steps in a row that an optimizer may leave out with the smallest loss scale. */
const MOST_LEFT_OUT = 10;

/** @throws CrlnError `not-finite` where an optimizer moves no more although its loss scale cannot fall any further */
function moving(optimizers: Record<string, NamedTensors>): Record<string, NamedTensors> {
  for (const [name, slots] of Object.entries(optimizers)) {
    const [scale, steps] = slots[LOSS_SCALE]?.data ?? [];
    if (scale === 1 && steps! <= -MOST_LEFT_OUT) {
      throw new CrlnError(
        'not-finite',
        `optimizer ${name}: gradients are infinite in half precision even without a scaled loss, so that nothing is trained; use precision f32, or lower the learning rate`,
        { optimizer: name },
      );
    }
  }
  return optimizers;
}

function assertFinite(tensors: NamedTensors, owner: string): void {
  for (const [name, { data }] of Object.entries(tensors)) {
    if (data.some((value) => !Number.isFinite(value))) {
      throw new CrlnError('not-finite', `${owner}: '${name}' became NaN or infinite; lower the learning rate`, {
        owner,
        name,
      });
    }
  }
}
