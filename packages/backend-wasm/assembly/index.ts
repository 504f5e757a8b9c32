export { addPartials, filterSums } from './filterSums';
export { gather } from './gather';
export { packFilter, transpose } from './layout';
