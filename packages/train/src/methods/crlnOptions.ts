import * as z from 'zod';

const fraction = z.number().min(0).max(1);
const weight = z.number().nonnegative();

/** Options of the Dynamic Interaction Module; absent ones are the variant's. */
const interaction = z.strictObject({
  /** P ← P + drop(P_att) rather than P_att + drop(P_att). */
  residual: z.boolean().optional(),
  /** Refinement with one gain a (class, prototype), for any patch size, or one a voxel, for the training patch only. */
  affine: z.enum(['prototype', 'voxel']).default('prototype'),
  crossClass: z.boolean().optional(),
  legacyPrototypeOrder: z.boolean().default(false),
  initStd: z.number().nonnegative().optional(),
  /** Rate of stochastic depth. */
  dropPath: z
    .number()
    .min(0)
    .lt(1)
    .default(1 / 30),
});

const given = z.strictObject({
  /** Preset of all that is absent here: what the authors ran, or what the paper's text says. */
  variant: z.enum(['reference', 'paper']).default('reference'),
  /** R: prototypes a class, and the width of the representation. */
  prototypes: z.int().positive().default(16),
  interaction: interaction.prefault({}),
  /** Keep μ in [0, 1]. */
  clipMu: z.boolean().optional(),
  /** Weight of the prototype in the positive, or drawn from U(0, 1) every iteration. */
  xi: z.union([z.number().nonnegative(), z.literal('uniform')]).optional(),
  /**
   * What a prototype adds to the positive: its bank averaged over the feature axis, an R-vector (`features`); or over the R prototypes,
   * taken to the representation's width by a fixed random projection (`prototypes`).
   */
  positive: z.enum(['features', 'prototypes']).optional(),
  /** Before this iteration: plain pseudo-labels, and class means alone as positives. */
  warmUp: z.int().nonnegative().default(800),
  emaDecay: fraction.default(0.99),
  /**
   * `train`: the teacher drops, normalises by its batch, and keeps running statistics of its own. `eval`: it does neither, and its running
   * statistics are copies of the student's.
   */
  teacherMode: z.enum(['train', 'eval']).default('train'),
  unsupervisedWeight: weight.default(0.5),
  cpsWeight: weight.default(0.5),
  /** A pseudo-label counts as sure from this confidence on. */
  sureThreshold: fraction.default(0.97),
  /** An unlabelled voxel joins the contrast from this confidence on. */
  validThreshold: fraction.default(0.7),
  /** A voxel is hard while the student gives its class less than this. */
  hardThreshold: fraction.default(0.97),
  temperature: z.number().positive().default(0.5),
  anchors: z.int().positive().default(256),
  negatives: z.int().positive().default(512),
});

const PRESETS = {
  reference: { clipMu: false, xi: 0.6, positive: 'features' },
  paper: { clipMu: true, xi: 'uniform', positive: 'prototypes' },
} as const;

/** All switches of the method. The published settings of each data set differ in `prototypes`, `xi` and `cpsWeight` only. */
export const crlnOptions = given.transform((options) => ({
  ...options,
  clipMu: options.clipMu ?? PRESETS[options.variant].clipMu,
  xi: options.xi ?? PRESETS[options.variant].xi,
  positive: options.positive ?? PRESETS[options.variant].positive,
}));

export type CrlnOptions = z.infer<typeof crlnOptions>;
