import { CrlnError } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './kernel.js';
import { backpropagate, forget, isAsked, isRecording, leadingTo, nextId, record, type TapeNode } from './tape.js';

/** What happened once in a function's first run, for its later ones. */
class Effects {
  readonly #results: unknown[] = [];
  #known = false;
  #next = 0;

  /** Runs the function, for the first time or once more. */
  during<T>(f: () => T): T {
    const outer = running;
    running = this;
    this.#next = 0;
    try {
      const result = f();
      this.#known = true;
      return result;
    } finally {
      running = outer;
    }
  }

  take<T>(effect: () => T): T {
    if (!this.#known) {
      const result = effect();
      this.#results.push(result);
      return result;
    }
    if (this.#next >= this.#results.length) {
      throw new CrlnError('internal', 'recompute: the function took another way when it ran again', {});
    }
    return this.#results[this.#next++] as T;
  }
}

let running: Effects | undefined;

/**
 * For what may happen only once in a function that {@link recompute} runs twice: running statistics that are updated, random numbers that
 * are drawn from a stream. Runs `effect` in the function's first run and gives the same result in its second; elsewhere just runs it.
 *
 * @param effect Returns no tensor.
 */
export const once = <T>(effect: () => T): T => (running ? running.take(effect) : effect());

/**
 * f(…inputs), of which the backward pass keeps the inputs alone: it computes everything between them and the outputs once more when it
 * gets there. A forward pass more in time, a fraction of the memory. (Chen et al. 2016, "Training deep nets with sublinear memory cost".)
 *
 * Differentiable in the inputs and in every `tf.Variable` that `f` reads, bit for bit as without. `f` must compute the same both times: of its
 * inputs, of variables that do not change before the backward pass, and of tensors that live until then, which get no gradient;
 * what else it does goes through {@link once}, as the dropout of this package does.
 *
 * @throws CrlnError `invalid-argument` where a gradient of the gradient is asked for.
 */
export function recompute<T extends tf.Tensor | tf.Tensor[]>(
  f: (...inputs: tf.Tensor[]) => T,
  inputs: readonly tf.Tensor[],
): T {
  if (!isRecording()) return tf.tidy(() => f(...inputs));
  const effects = once(() => new Effects());
  let single = false;
  const run = (given: readonly tf.Tensor[]) => {
    let tape: TapeNode[] = [];
    const outputs = tf.tidy(() => {
      const recorded = record(() => {
        const first = nextId();
        const found = effects.during(() => f(...given));
        single = !Array.isArray(found);
        return ownTensors(Array.isArray(found) ? found : [found], first);
      });
      tape = recorded.tape;
      return recorded.result;
    });
    return { outputs, tape };
  };

  const { outputs, tape } = run(inputs);
  forget(tape);
  const sources = sourcesOf(outputs, inputs, tape);
  const differentiated = differentiable('recompute', {
    inputs: sources,
    forward: (save) => {
      save([...inputs]);
      return outputs;
    },
    gradient: (dys, saved) => {
      if (isRecording()) {
        throw new CrlnError('invalid-argument', 'recompute: there is no gradient of its gradient', {});
      }
      const wanted = Object.entries(sources).filter(([name]) => isAsked(name));
      const xs = wanted.map(([name, source]) => saved[Number(name)] ?? source);
      const gradients = tf.tidy(() => {
        const again = run(saved);
        // What the backward pass needs of them is saved.
        tf.dispose(again.outputs);
        return backpropagate(again.tape, again.outputs, dys, xs);
      });
      return Object.fromEntries(wanted.map(([name, { shape }], i) => [name, () => gradients[i] ?? tf.zeros(shape)]));
    },
  });
  return (single ? differentiated[0] : differentiated) as T;
}

/** Outputs that are not older than `first` and all different: an input handed on becomes an output of its own. */
function ownTensors(outputs: readonly tf.Tensor[], first: number): tf.Tensor[] {
  return outputs.map((y, i) => (y.id > first && outputs.indexOf(y) === i ? y : tf.clone(y)));
}

/** The inputs that the outputs depend on, by number, and the variables, by name. */
function sourcesOf(outputs: tf.Tensor[], inputs: readonly tf.Tensor[], tape: readonly TapeNode[]) {
  const leading = leadingTo(outputs, tape);
  const sources: Record<string, tf.Tensor> = {};
  inputs.forEach((input, i) => {
    if (leading.has(input.id) && input.dtype === 'float32') sources[i] = input;
  });
  for (const node of tape) {
    for (const x of Object.values(node.inputs)) {
      if (x instanceof tf.Variable && leading.has(x.id)) sources[`variable/${x.name}`] = x;
    }
  }
  return sources;
}
