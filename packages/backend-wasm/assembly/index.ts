export { addPartials, filterSums } from './filterSums';
export { gather } from './gather';
export { packFilter, transpose } from './layout';
export { winograd, winogradScratch } from './winograd';
export { winogradGrad, winogradGradEnd, winogradGradScratch, winogradSumBytes } from './winogradGrad';
export { winogradFilter } from './winogradTiles';
export { gatherAxes, gatherVoxels } from './moves';
export { maxPool, maxPoolGrad } from './pool';
export { resample } from './resample';
