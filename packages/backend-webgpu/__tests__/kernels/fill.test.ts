import { expect, it } from 'vitest';
import { describeGpu, expectClose, run, runOurs } from '../harness.js';

describeGpu('fill kernels', () => {
  it.each(['float32', 'int32', 'bool'] as const)(
    'Fill, ZerosLike and OnesLike of %s, small and large',
    async (dtype) => {
      for (const shape of [[], [3], [2, 1, 3, 4, 5, 7], [0, 2]]) {
        const size = shape.reduce((a, b) => a * b, 1);
        const filled = run('Fill', {}, { shape, value: 1, dtype })[0]!;
        expect([filled.dtype, filled.shape]).toEqual([dtype, shape]);
        expect([...(await filled.data())]).toEqual(Array(size).fill(1));
        for (const [name, value] of [
          ['ZerosLike', 0],
          ['OnesLike', 1],
        ] as const) {
          const like = run(name, { x: filled })[0]!;
          expect([like.dtype, like.shape]).toEqual([dtype, shape]);
          expect([...(await like.data())]).toEqual(Array(size).fill(value));
        }
      }
    },
  );

  it('fills with fractions and infinities', async () => {
    for (const value of [-2.5, Number.NEGATIVE_INFINITY]) {
      const [y] = await runOurs('Fill', {}, { shape: [37], value, dtype: 'float32' });
      expect([...y!]).toEqual(Array(37).fill(value));
    }
  });

  it('Range counts up, down and not at all', async () => {
    const ranges: [number, number, number, number[]][] = [
      [0, 5, 1, [0, 1, 2, 3, 4]],
      [5, 0, 1, [5, 4, 3, 2, 1]],
      [1, 8, 3, [1, 4, 7]],
      [3, 3, 1, []],
      [0, 5, -1, []],
      [0, 40, 1, Array.from({ length: 40 }, (_, i) => i)],
      [9, -21, -2, Array.from({ length: 15 }, (_, i) => 9 - 2 * i)],
    ];
    for (const [start, stop, step, values] of ranges) {
      for (const dtype of ['int32', 'float32'] as const) {
        const y = run('Range', {}, { start, stop, step, dtype })[0]!;
        expect([y.dtype, ...(await y.data())]).toEqual([dtype, ...values]);
      }
    }
  });

  it('LinSpace includes both ends', async () => {
    const [y] = await runOurs('LinSpace', {}, { start: -1, stop: 2, num: 101 });
    expectClose(
      y!,
      Array.from({ length: 101 }, (_, i) => -1 + 0.03 * i),
      1e-6,
    );
    const [one] = await runOurs('LinSpace', {}, { start: 4, stop: 9, num: 1 });
    expect([...one!]).toEqual([4]);
  });
});
