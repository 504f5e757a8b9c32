import { describe, expect, it } from 'vitest';
import { type Schedule, scheduledRate, scheduleSettings } from '../../src/optimizers/schedule.js';

const rates = (schedule: unknown, iterations: number, at: number[]) =>
  at.map((t) => scheduledRate(scheduleSettings.parse(schedule) as Schedule, 0.01, t, iterations));

describe('scheduledRate', () => {
  it('falls as a polynomial once a period, not below the floor', () => {
    expect(rates({ type: 'poly', period: 200 }, 40_000, [0, 199, 200, 39_999])).toEqual([
      0.01,
      0.01,
      0.01 * (1 - 1 / 200) ** 0.9,
      0.01 * (1 - 199 / 200) ** 0.9,
    ]);
    expect(rates({ type: 'poly', floor: 0.002 }, 10, [5, 9])).toEqual([0.01 * 0.5 ** 0.9, 0.002]);
    expect(rates({ type: 'poly' }, 10, [10, 50])).toEqual([1e-6, 1e-6]);
  });
  it('steps at milestones, and every so many iterations', () => {
    const at = rates({ type: 'step', milestones: [0.5, 0.8] }, 10, [4, 5, 8]);
    [0.01, 0.001, 0.0001].forEach((rate, i) => void expect(at[i]).toBeCloseTo(rate, 12));
    const every = rates({ type: 'step', every: 2500 }, 6000, [2499, 2500, 5000]);
    [0.01, 0.001, 0.0001].forEach((rate, i) => void expect(every[i]).toBeCloseTo(rate, 12));
  });
  it('stays', () => {
    expect(rates({ type: 'constant' }, 10, [0, 9])).toEqual([0.01, 0.01]);
  });
});
