import { serialization } from '@tensorflow/tfjs-core';
import { DynamicInteraction } from './interaction/dynamicInteraction.js';
import { BatchNorm3d } from './layers/batchNorm3d.js';
import { Conv3d } from './layers/conv3d.js';
import { Conv3dTranspose } from './layers/conv3dTranspose.js';
import { Crop3d } from './layers/crop3d.js';
import { DepthwiseConv3d } from './layers/depthwiseConv3d.js';
import { ChannelDropout3d, Dropout3d } from './layers/dropout3d.js';
import { InstanceNorm3d } from './layers/instanceNorm3d.js';
import { MaxPool3d } from './layers/maxPool3d.js';
import { PatchCheck3d } from './layers/patchCheck3d.js';
import { Recompute3d } from './layers/recompute3d.js';
import { UpSample3d } from './layers/upSample3d.js';
import { ZeroPad3d } from './layers/zeroPad3d.js';
import { Rectifier } from './rectifier.js';

/** Every layer class of this package. */
export const layerClasses = () => [
  BatchNorm3d,
  ChannelDropout3d,
  Conv3d,
  Conv3dTranspose,
  Crop3d,
  DepthwiseConv3d,
  Dropout3d,
  DynamicInteraction,
  InstanceNorm3d,
  MaxPool3d,
  PatchCheck3d,
  Recompute3d,
  Rectifier,
  UpSample3d,
  ZeroPad3d,
];

let registered = false;

/**
 * Makes the layers of this package known to TensorFlow.js, so that a saved model that has them can be loaded. The builders and
 * {@link loadModel} call it; calling it again does nothing.
 */
export function registerLayers(): void {
  if (registered) return;
  for (const layer of layerClasses()) {
    serialization.registerClass(layer as unknown as serialization.SerializableConstructor<serialization.Serializable>);
  }
  registered = true;
}
