/**
 * Networks and layers for 3-D segmentation on TensorFlow.js: V-Net, 3D U-Net, prototype bank, Dynamic Interaction Module, rectifier,
 * and the 3-D layers that tfjs lacks. Tensors are channels-last, `[N, D, H, W, C]`.
 * @packageDocumentation
 */
export { DynamicInteraction } from './interaction/dynamicInteraction.js';
export type { DynamicInteractionOptions } from './interaction/options.js';
export { PrototypeBank } from './interaction/prototypeBank.js';
export { type MemoryHandler, memoryHandler } from './io/memoryHandler.js';
export { loadModel, saveModel } from './io/saveModel.js';
export { BatchNorm3d, type BatchNorm3dOptions } from './layers/batchNorm3d.js';
export { Conv3d, type Conv3dOptions } from './layers/conv3d.js';
export { Conv3dTranspose, type Conv3dTransposeOptions } from './layers/conv3dTranspose.js';
export { Crop3d, type Crop3dOptions } from './layers/crop3d.js';
export { DepthwiseConv3d, type DepthwiseConv3dOptions } from './layers/depthwiseConv3d.js';
export { ChannelDropout3d, Dropout3d, type Dropout3dOptions } from './layers/dropout3d.js';
export { InstanceNorm3d, type InstanceNorm3dOptions } from './layers/instanceNorm3d.js';
export { type CallOptions, type Kwargs, Layer3d, type Layer3dOptions } from './layers/layer3d.js';
export { MaxPool3d, type MaxPool3dOptions } from './layers/maxPool3d.js';
export { PatchCheck3d, type PatchCheck3dOptions } from './layers/patchCheck3d.js';
export { Recompute3d, type Recompute3dOptions } from './layers/recompute3d.js';
export { UpSample3d, type UpSample3dOptions } from './layers/upSample3d.js';
export { ZeroPad3d, type ZeroPad3dOptions } from './layers/zeroPad3d.js';
export { dynamicInteraction, rectifier } from './modules.js';
export { applyNetwork, type NetworkCallOptions, type NetworkOutput } from './networks/applyNetwork.js';
export type { NetworkOptions, Upsample } from './networks/options.js';
export { uNet3d } from './networks/uNet3d.js';
export { vNet } from './networks/vNet.js';
export { Rectifier, type RectifierOptions } from './rectifier.js';
export { registerLayers } from './register.js';
export { countParameters, weightVariables } from './variables.js';
