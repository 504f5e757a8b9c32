import { CrlnError } from '@crln/core';
import { conv3dTranspose, relu } from '@crln/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { constant, fanInUniform, truncatedNormal } from '../layers/initializers.js';
import { type Kwargs, Layer3d } from '../layers/layer3d.js';
import { type DynamicInteractionOptions, type ResolvedInteraction, resolveInteraction } from './options.js';
import { PrototypeBank } from './prototypeBank.js';
import { attend, classMap, type StageCall } from './stage.js';
import { type StageWeights, stageWeights } from './stageWeights.js';

/** Voxels of the image along each edge of a voxel of the last stage's feature. */
const LAST_STRIDE = 2;

/**
 * The Dynamic Interaction Module (CRLN, section 3.2): class prototypes attend to decoder features stage by stage; their refined
 * proximities to the voxels of the last stage become the holistic relationship map.
 *
 * `apply([z1, z2], { training, seed })` takes the features `z_s` [N, d, h, w, widths[s]], coarsest first, as `applyNetwork` hands
 * them out in `interaction`, and gives M [N, 2d, 2h, 2w, C] ≥ 0, at the image's resolution.
 *
 * Stage s, with c = widths[s]: T = LN(conv 1×1×1(z)); q = Linear(LN(P)), k, v = Linear(LN(T)); A = q kᵀ / √c;
 * P_att = Linear(softmax(A) v); `reference`: P ← P_att + drop(P_att), `paper`: P ← P + drop(P_att); P ← P + drop(MLP(LN(P))).
 * The last stage: A ← A + drop(A); A ← A + drop(LN over voxels(A)); per class, depthwise 3×3×3, BN, ReLU, 1×1×1, BN, ReLU,
 * 1×1×1 to one channel; transposed conv 2×2×2 of stride 2, ReLU. Only the last stage's map is computed, since no other is used.
 * Weights that nothing depends on (the first stage's refinement, the last stage's attention output, MLP and projection)
 * exist and get no gradient.
 */
export class DynamicInteraction extends Layer3d {
  static readonly className = 'CrlnDynamicInteraction';
  readonly #options: ResolvedInteraction;
  #bank!: PrototypeBank;
  #stages: StageWeights[] = [];
  #upKernel!: LayerVariable;
  #upBias!: LayerVariable;

  constructor(options: DynamicInteractionOptions = {}) {
    super(options);
    this.#options = resolveInteraction(options);
  }

  /** The prototypes. They exist once the layer is built; {@link dynamicInteraction} builds it. */
  get bank(): PrototypeBank {
    return this.#bank;
  }

  override build(inputShape: Shape | Shape[]): void {
    this.#checkInputs(inputShape as Shape[]);
    const { classes, prototypes, widths, voxels, affine, crossClass, initStd } = this.#options;
    const weight = this.weight.bind(this);
    const fill = initStd > 0 ? truncatedNormal(initStd) : constant(0);
    this.#bank = new PrototypeBank(weight('prototypes', [classes, prototypes, widths[0]!], fill));
    this.#stages = widths.map((width, s) => {
      const last = s === widths.length - 1;
      return stageWeights(weight, `stage${s + 1}`, {
        width,
        next: last ? width : widths[s + 1]!,
        classes,
        prototypes,
        voxels: affine === 'voxel' ? voxels![s]! : null,
        crossClass: crossClass && last,
      });
    });
    const upFill = fanInUniform(classes * LAST_STRIDE ** 3);
    const [k, c] = [LAST_STRIDE, classes];
    this.#upKernel = weight('up/kernel', [k, k, k, c, c], upFill);
    this.#upBias = weight('up/bias', [c], upFill);
    super.build(inputShape);
  }

  #checkInputs(shapes: Shape[]): void {
    const { widths } = this.#options;
    const fits = shapes.length === widths.length && shapes.every((s, i) => s.length === 5 && s[4] === widths[i]);
    if (fits) return;
    const expected = widths.map((c) => `[N, d, h, w, ${c}]`).join(' and ');
    throw new CrlnError(
      'invalid-shape',
      `${this.name}: expected features ${expected}, got ${shapes.map((s) => `[${s}]`).join(' and ')}`,
      { widths, shapes },
    );
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Kwargs): tf.Tensor {
    const features = (Array.isArray(inputs) ? inputs : [inputs]) as tf.Tensor5D[];
    this.#checkInputs(features.map((z) => z.shape));
    const { classes, prototypes, widths } = this.#options;
    const last = widths.length - 1;
    const stageCall = (s: number): StageCall => ({
      options: this.#options,
      training: kwargs.training === true,
      random: (purpose) => this.random(kwargs, `dropPath/${purpose}`),
      name: `stage${s + 1}`,
    });
    return tf.tidy(() => {
      const rows = tf.reshape(this.#bank.read(), [1, classes * prototypes, widths[0]!]);
      let p = tf.tile(rows, [features[0]!.shape[0], 1, 1]) as tf.Tensor3D;
      for (let s = 0; s < last; s++) p = attend(p, features[s]!, this.#stages[s]!, stageCall(s));
      const map = classMap(p, features[last]!, this.#stages[last]!, stageCall(last));
      const up = conv3dTranspose(map, this.#upKernel.read() as tf.Tensor5D, {
        strides: LAST_STRIDE,
        bias: this.#upBias.read() as tf.Tensor1D,
      });
      return relu(up);
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [n = null, ...size] = (inputShape as Shape[])[this.#options.widths.length - 1]!.slice(0, 4);
    return [n, ...size.map((s) => (s == null ? null : s * LAST_STRIDE)), this.#options.classes];
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#options };
  }
}
