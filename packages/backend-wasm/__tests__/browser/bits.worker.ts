import { engine } from '../../src/engine.js';
import * as api from '../../src/index.js';
import { computeBits } from '../bits.js';

globalThis.onmessage = ({ data }) => {
  computeBits(data, { api, engine }).then(postMessage, reportError);
};
