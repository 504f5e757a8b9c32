/**
 * What needs Node: run folders and pictures.
 * @packageDocumentation
 */
export { svgToPng } from './report/svgToPng.js';
export { type FolderStore, folderStore } from './store/folderStore.js';
