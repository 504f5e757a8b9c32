/**
 * What of `@crln/layers` needs Node: models in folders.
 * @packageDocumentation
 */
export { fileHandler } from './io/fileHandler.js';
