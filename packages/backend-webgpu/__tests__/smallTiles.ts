import { tiles } from '../src/product/tiles.js';
import { tiny } from './tiles.js';

// A page's tests run on SwiftShader, which takes minutes and gigabytes to compile a product of the sizes meant for a GPU.
Object.assign(tiles, tiny);
