import { tiles } from '../src/product/tiles.js';
import { tiny } from './tiles.js';

// A page's tests run on SwiftShader, which compiles a product of the sizes meant for a GPU for seconds.
Object.assign(tiles, tiny);
