import { convolve } from './convolve.js';

globalThis.onmessage = ({ data }) => {
  // `reportError` raises the page's `worker.onerror`; a rejection would not.
  convolve(data).then(postMessage, reportError);
};
