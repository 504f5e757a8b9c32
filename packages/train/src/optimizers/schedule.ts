import * as z from 'zod';

/** How a learning rate falls over a run. */
export const scheduleSettings = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('poly'),
    power: z.number().positive().default(0.9),
    /** Iterations between two changes: an "epoch". */
    period: z.int().positive().default(1),
    /** The rate never falls below it. */
    floor: z.number().nonnegative().default(1e-6),
  }),
  z.strictObject({
    type: z.literal('step'),
    factor: z.number().positive().default(0.1),
    /** Fractions of the run at which the rate is multiplied by `factor`. */
    milestones: z.array(z.number().min(0).max(1)).optional(),
    /** Or: multiplied every so many iterations. */
    every: z.int().positive().optional(),
  }),
  z.strictObject({ type: z.literal('constant') }),
]);

export type Schedule = z.infer<typeof scheduleSettings>;

/**
 * The learning rate of iteration t (from 0) of a run of T iterations:
 * - poly: max(floor, rate·(1 − e·period/T)^power), e = ⌊t/period⌋;
 * - step: rate·factor^k, k = number of milestones m with t ≥ m·T, or ⌊t/every⌋;
 * - constant: rate.
 */
export function scheduledRate(schedule: Schedule, rate: number, iteration: number, iterations: number): number {
  if (schedule.type === 'constant') return rate;
  if (schedule.type === 'step') {
    const passed = (schedule.milestones ?? []).filter((m) => iteration >= m * iterations).length;
    return rate * schedule.factor ** (passed + (schedule.every ? Math.floor(iteration / schedule.every) : 0));
  }
  const done = (Math.floor(iteration / schedule.period) * schedule.period) / iterations;
  return Math.max(schedule.floor, rate * Math.max(1 - done, 0) ** schedule.power);
}
