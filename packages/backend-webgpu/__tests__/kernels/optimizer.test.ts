import { KERNELS, type SgdAttrs } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import type { CrlnWebGpuBackend } from '../../src/backend.js';
import { describeGpu, expectClose, integers, normals, run, runOurs, sizeOf } from '../harness.js';

const nesterov: SgdAttrs = { learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4, nesterov: true };

interface Numbers {
  parameter: ArrayLike<number>;
  gradient?: ArrayLike<number>;
  velocity?: ArrayLike<number>;
  average?: ArrayLike<number>;
}

/** A step in float64: the new parameter and velocity if there is a gradient, the new average if there is one. */
function stepped({ parameter, gradient, velocity, average }: Numbers, attrs: SgdAttrs & { decay: number }) {
  let moved = Float64Array.from(parameter);
  const outputs: Float64Array[] = [];
  if (gradient && velocity) {
    const g = Float64Array.from(gradient, (value, k) => value + attrs.weightDecay * parameter[k]!);
    const v = Float64Array.from(velocity, (value, k) => attrs.momentum * value + g[k]!);
    const direction = (k: number) => (attrs.nesterov ? g[k]! + attrs.momentum * v[k]! : v[k]!);
    moved = Float64Array.from(parameter, (value, k) => value - attrs.learningRate * direction(k));
    outputs.push(moved, v);
  }
  if (average) outputs.push(Float64Array.from(average, (a, k) => a * attrs.decay + moved[k]! * (1 - attrs.decay)));
  return outputs;
}

describeGpu('SgdStep and EmaStep', () => {
  it.each<SgdAttrs>([
    nesterov,
    { ...nesterov, nesterov: false },
    { learningRate: 0.5, momentum: 0, weightDecay: 0, nesterov: false },
  ])('take one step of PyTorch’s SGD: $momentum, $weightDecay, nesterov $nesterov', async (attrs) => {
    for (const size of [1, 37, 65, 70_001]) {
      const [parameter, gradient, velocity] = [normals(size, 1), normals(size, 2), normals(size, 3)];
      const inputs = {
        parameter: tf.tensor1d(parameter),
        gradient: tf.tensor1d(gradient),
        velocity: tf.tensor1d(velocity),
      };
      const moved = await runOurs(KERNELS.SgdStep, inputs, attrs);
      stepped({ parameter, gradient, velocity }, { ...attrs, decay: 0 }).forEach((expected, i) => {
        expectClose(moved[i]!, expected, 1e-6);
      });
    }
  });

  it('move the target a little towards the source', async () => {
    const [target, source] = [normals(37, 1), normals(37, 2)];
    const inputs = { target: tf.tensor1d(target), source: tf.tensor1d(source) };
    const [next] = await runOurs(KERNELS.EmaStep, inputs, { decay: 0.99 });
    expectClose(
      next!,
      target.map((value, i) => 0.99 * value + 0.01 * source[i]!),
      1e-6,
    );
  });
});

interface Tensors {
  parameter: tf.Tensor;
  velocity?: tf.Tensor;
  average?: tf.Tensor;
}

describeGpu('OptimizerStep', () => {
  const attrs = { learningRate: 0.0173, momentum: 0.9, weightDecay: 5e-4, nesterov: true, decay: 0.987 };
  const backend = () => tf.backend() as CrlnWebGpuBackend;
  const shapes = [[1], [7], [3, 3, 3, 17, 11], [33], [4], [64], [2, 5], [40_001]];
  const random = (shape: number[], seed: number) => normals(sizeOf(shape), seed);

  /** Steps from the tensors that the last one made; those of no gradient or average have none. */
  function step(states: Tensors[], gradients: (tf.Tensor | undefined)[], options = attrs): Tensors[] {
    const inputs = states.flatMap(({ parameter, velocity, average }, i) => [
      [`parameter${i}`, parameter] as const,
      ...(gradients[i] ? [[`gradient${i}`, gradients[i]] as const, [`velocity${i}`, velocity!] as const] : []),
      ...(average ? [[`average${i}`, average] as const] : []),
    ]);
    const outputs = run(KERNELS.OptimizerStep, Object.fromEntries(inputs), options);
    return states.map((state, i) => ({
      ...state,
      ...(gradients[i] && { parameter: outputs.shift()!, velocity: outputs.shift()! }),
      ...(state.average && { average: outputs.shift()! }),
    }));
  }

  const dispose = (before: Tensors[], after: Tensors[]) => {
    const kept = new Set(after.flatMap((state) => Object.values(state)));
    tf.dispose(before.flatMap((state) => Object.values(state) as tf.Tensor[]).filter((tensor) => !kept.has(tensor)));
  };

  /** Three steps on our backend and in float64. `has` says which gradients a step has. */
  async function expectSteps(has: (i: number, t: number) => boolean, averages: (i: number) => boolean) {
    let numbers: Numbers[] = shapes.map((shape, i) => ({
      parameter: random(shape, 10 * i),
      velocity: random(shape, 10 * i + 1),
      ...(averages(i) && { average: random(shape, 10 * i + 2) }),
    }));
    let states = numbers.map(
      (state, i) =>
        Object.fromEntries(
          Object.entries(state).map(([name, values]) => [name, tf.tensor(values as Float32Array, shapes[i]!)]),
        ) as unknown as Tensors,
    );
    for (let t = 0; t < 3; t++) {
      const values = shapes.map((shape, i) => (has(i, t) ? random(shape, 100 * t + i) : undefined));
      const gradients = values.map((value, i) => value && tf.tensor(value, shapes[i]!));
      const after = step(states, gradients);
      dispose(states, after);
      tf.dispose(gradients.filter((gradient) => gradient !== undefined));
      states = after;
      numbers = numbers.map((state, i) => {
        const outputs = stepped(
          values[i] ? { ...state, gradient: values[i] } : { ...state, gradient: undefined! },
          attrs,
        );
        return {
          ...state,
          ...(values[i] && { parameter: outputs.shift()!, velocity: outputs.shift()! }),
          ...(state.average && { average: outputs.shift()! }),
        };
      });
      for (const [i, state] of states.entries()) {
        for (const [name, tensor] of Object.entries(state) as [keyof Tensors, tf.Tensor][]) {
          expect(tensor.shape).toEqual(shapes[i]);
          expectClose(await tensor.data(), numbers[i]![name]!, 2e-6);
        }
      }
    }
    tf.dispose(states.flatMap((state) => Object.values(state) as tf.Tensor[]));
  }

  it('moves many parameters and averages, step after step', async () => {
    const { blocks } = backend().pool;
    await expectSteps(
      () => true,
      () => true,
    );
    expect(backend().pool.blocks).toBe(blocks);
  });

  it('leaves alone, with its velocity, a parameter that has no gradient in a step, and moves its average', async () => {
    const { blocks } = backend().pool;
    await expectSteps(
      (i, t) => i !== 3 && i !== 4 + t,
      (i) => i !== 4 && i !== 1,
    );
    expect(backend().pool.blocks).toBe(blocks);
  });

  it('only moves averages where there is no gradient at all', async () => {
    await expectSteps(
      () => false,
      (i) => i % 2 === 0,
    );
  });

  it('takes one dispatch for all tensors, and copies only the gradients once it has made the others', async () => {
    const copies: number[] = [];
    const { recorder } = backend();
    const copy = recorder.copy.bind(recorder);
    recorder.copy = (...call) => {
      copies.push(call[4]);
      copy(...call);
    };
    let states: Tensors[] = shapes.map((shape, i) => ({
      parameter: tf.tensor(random(shape, i), shape),
      velocity: tf.tensor(random(shape, i), shape),
      average: tf.tensor(random(shape, i), shape),
    }));
    const gradients = shapes.map((shape, i) => tf.tensor(random(shape, i), shape));
    const counts: number[] = [];
    // In the test's own mode every buffer that is taken is filled first: three outputs, and what is copied together.
    for (let t = 0; t < 3; t++) {
      const { dispatches } = recorder;
      copies.length = 0;
      states = step(states, gradients);
      counts.push(recorder.dispatches - dispatches, copies.length);
    }
    recorder.copy = copy;
    const n = shapes.length;
    expect(counts).toEqual([1 + 3 + 4, 4 * n, 1 + 3 + 1, n, 1 + 3 + 1, n]);
  });

  it('lets tensors that share a buffer be read, used and disposed of one by one', async () => {
    const { pool } = backend();
    const { blocks } = pool;
    const parameters = shapes.map((shape, i) => random(shape, i));
    const states = shapes.map((shape, i) => ({
      parameter: tf.tensor(parameters[i]!, shape),
      average: tf.tensor(parameters[i]!, shape),
    }));
    const after = step(
      states,
      shapes.map(() => undefined),
    );
    dispose(states, after);
    tf.dispose(states.map(({ parameter }) => parameter));
    expect(pool.blocks).toBe(blocks + 1);
    for (const i of integers(20, 0, shapes.length, 1)) {
      const { average } = after[i]!;
      if (average!.isDisposed) continue;
      const relu = run('Relu', { x: average! })[0]!;
      expectClose(
        await relu.data(),
        parameters[i]!.map((value) => Math.max(value, 0)),
        1e-6,
      );
      tf.dispose([relu, average!]);
    }
    tf.dispose(after.map(({ average }) => average!));
    expect(pool.blocks).toBe(blocks);
  });
});
