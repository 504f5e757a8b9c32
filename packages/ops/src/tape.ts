import { CrlnError, KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { addPairs } from './addPairs.js';
import { hasKernel } from './kernel.js';

type EngineState = ReturnType<typeof tf.engine>['state'];
/** An operation as TensorFlow.js writes it down: its inputs, its outputs, what it saved, and how gradients go through it. */
export type TapeNode = NonNullable<EngineState['activeTape']>[number];

/** Whether TensorFlow.js writes down what is computed now. */
export function isRecording(): boolean {
  const { gradientDepth, kernelDepth } = tf.engine().state;
  return gradientDepth > 0 && kernelDepth === 0;
}

/** A number between the ids of tensors that exist and those of tensors to come. */
export const nextId = (): number => (tf.engine() as unknown as { nextTensorId(): number }).nextTensorId();

/** Runs `f` and writes its operations down on a tape of its own, whatever other tape there is. */
export function record<T>(f: () => T): { result: T; tape: TapeNode[] } {
  const { state } = tf.engine();
  const { activeTape, gradientDepth, kernelDepth } = state;
  const tape: TapeNode[] = [];
  Object.assign(state, { activeTape: tape, gradientDepth: 1, kernelDepth: 0 });
  try {
    return { result: f(), tape };
  } catch (error) {
    forget(tape);
    throw error;
  } finally {
    Object.assign(state, { activeTape, gradientDepth, kernelDepth });
  }
}

/** Lets go of what operations saved. */
export function forget(tape: readonly TapeNode[]): void {
  for (const { saved } of tape) for (const tensor of saved ?? []) tensor.dispose();
}

/** The ids of all tensors that depend on some of `xs`, these among them. */
function dependingOn(xs: readonly tf.Tensor[], tape: readonly TapeNode[]): Set<number> {
  const ids = new Set(xs.map(({ id }) => id));
  for (const { inputs, outputs } of tape) {
    if (Object.values(inputs).some(({ id }) => ids.has(id))) for (const { id } of outputs) ids.add(id);
  }
  return ids;
}

/** The ids of all tensors that some of `ys` depend on, these among them. */
export function leadingTo(ys: readonly tf.Tensor[], tape: readonly TapeNode[]): Set<number> {
  const ids = new Set(ys.map(({ id }) => id));
  for (const { inputs, outputs } of tape.toReversed()) {
    if (outputs.some(({ id }) => ids.has(id))) for (const { id } of Object.values(inputs)) ids.add(id);
  }
  return ids;
}

let asked: ReadonlySet<string> | undefined;

/** Inside an operation's gradient: whether the gradient of this input is asked for. Where TensorFlow.js itself goes back, all might be. */
export const isAsked = (input: string): boolean => asked?.has(input) ?? true;

/**
 * The gradients of Σ_i dys_i · ys_i in `xs`; undefined where nothing leads there. As TensorFlow.js goes back over a tape, but what an
 * operation saved, and the gradients of its outputs, are let go of as soon as they have been used: the tape is used up afterwards.
 */
export function backpropagate(
  tape: readonly TapeNode[],
  ys: readonly tf.Tensor[],
  dys: readonly tf.Tensor[],
  xs: readonly tf.Tensor[],
): (tf.Tensor | undefined)[] {
  const wanted = new Set(xs.map(({ id }) => id));
  const reached = dependingOn(xs, tape);
  const made = new Set(tape.flatMap(({ outputs }) => outputs.map(({ id }) => id)));
  const gradients = new Map<number, tf.Tensor>();
  // Of what nothing on the tape made, the gradient is not needed before the end: all are added up together then, many in one pass.
  const further: { id: number; gradient: tf.Tensor }[] = [];
  const together = hasKernel(KERNELS.AddPairs);
  const add = (id: number, gradient: tf.Tensor) => {
    const before = gradients.get(id);
    if (before && together && !made.has(id)) {
      further.push({ id, gradient });
      return;
    }
    gradients.set(id, before ? tf.add(before, gradient) : gradient);
    if (before) tf.dispose([before, gradient]);
  };
  /** Adds to each gradient the first of those that are to follow, until there are none. */
  const addFurther = () => {
    while (further.length > 0) {
      const next = [...new Map(further.toReversed().map((one) => [one.id, one])).values()].toReversed();
      const sums = addPairs(next.map(({ id, gradient }) => [gradients.get(id)!, gradient]));
      next.forEach((one, i) => {
        tf.dispose([gradients.get(one.id)!, one.gradient]);
        gradients.set(one.id, sums[i]!);
        further.splice(further.indexOf(one), 1);
      });
    }
  };
  try {
    return tf.tidy(() => {
      ys.forEach(({ id }, i) => {
        if (reached.has(id)) add(id, tf.clone(dys[i]!));
      });
      for (const node of tape.toReversed()) {
        const inputs = Object.entries(node.inputs).filter(([, { id }]) => reached.has(id));
        const given = node.outputs.map(({ id }) => gradients.get(id));
        if (inputs.length > 0 && given.some((dy) => dy !== undefined)) {
          const found = through(node, given, inputs);
          inputs.forEach(([, { id }], i) => {
            add(id, found[i]!);
          });
        }
        forget([node]);
        for (const { id } of node.outputs) {
          if (wanted.has(id)) continue;
          gradients.get(id)?.dispose();
          gradients.delete(id);
        }
      }
      addFurther();
      return xs.map(({ id }) => gradients.get(id));
    });
  } finally {
    forget(tape);
  }
}

/** The gradients of one operation in some of its inputs, each a tensor of its own. */
function through(node: TapeNode, dys: (tf.Tensor | undefined)[], inputs: readonly [string, tf.Tensor][]): tf.Tensor[] {
  const outer = asked;
  asked = new Set(inputs.map(([name]) => name));
  try {
    return tf.tidy(() => {
      const before = nextId();
      // TensorFlow.js puts zeros in the place of null.
      const gradients = node.gradient?.(dys.map((dy) => dy ?? null) as tf.Tensor[]);
      const taken = new Set<tf.Tensor>();
      return inputs.map(([name, x]) => {
        const dx = gradients?.[name]?.();
        if (dx?.dtype !== 'float32' || !tf.util.arraysEqual(dx.shape, x.shape)) {
          throw new CrlnError(
            'internal',
            `${node.kernelName}: expected a float32 gradient [${x.shape}] of input ${name}, got ${dx ? `${dx.dtype} [${dx.shape}]` : 'none'}`,
            { kernel: node.kernelName, input: name },
          );
        }
        // A gradient may be another tensor handed on, and that is not ours to dispose.
        const own = dx.id > before && !taken.has(dx) ? dx : tf.clone(dx);
        taken.add(own);
        return own;
      });
    });
  } finally {
    asked = outer;
  }
}

export interface VariableGradients {
  value: tf.Scalar;
  /** In the order of the variables; undefined where the value does not depend on one. */
  gradients: (tf.Tensor | undefined)[];
}

/**
 * The value of `f` and its gradients in some variables, as `tf.variableGrads`, in less memory: that one holds all activations and all
 * gradients until the backward pass has ended, this one each until it has been used.
 *
 * @throws CrlnError `invalid-argument` where the value depends on none of the variables.
 */
export function variableGradients(f: () => tf.Scalar, variables: readonly tf.Variable[]): VariableGradients {
  let tape: TapeNode[] = [];
  const value = tf.tidy(() => {
    const recorded = record(f);
    tape = recorded.tape;
    return recorded.result;
  });
  const gradients = tf.tidy(() => backpropagate(tape, [value], [tf.onesLike(value)], variables));
  if (gradients.every((gradient) => gradient === undefined)) {
    throw new CrlnError('invalid-argument', 'variableGradients: the value depends on none of the variables', {
      variables: variables.map(({ name }) => name),
    });
  }
  return { value, gradients };
}
