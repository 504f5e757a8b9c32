export { conv } from './conv';
export { filterGrad } from './filterGrad';
export { depthwise, depthwiseFilterGrad } from './depthwise';
export { packFilter, pad, transpose, unpackSums } from './layout';
