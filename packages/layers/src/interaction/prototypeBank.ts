import { mean, type Tensor2D, type Tensor3D } from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';

/** The learnable prototypes P [C, R, F]: R vectors of width F for each of C classes. A {@link DynamicInteraction} owns one. */
export class PrototypeBank {
  /** The weight itself. */
  readonly variable: LayerVariable;

  constructor(variable: LayerVariable) {
    this.variable = variable;
  }

  /** P [C, R, F], as it is now. */
  read(): Tensor3D {
    return this.variable.read() as Tensor3D;
  }

  /** The mean over the feature axis [C, R]: `reference`'s m_c of collaborative positive supervision. */
  featureMeans(): Tensor2D {
    return mean(this.read(), 2);
  }

  /** The mean over a class's prototypes [C, F]: `paper`'s m_c, before its projection. */
  prototypeMeans(): Tensor2D {
    return mean(this.read(), 1);
  }
}
