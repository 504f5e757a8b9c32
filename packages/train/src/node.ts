/**
 * What needs Node: run folders and pictures.
 * @packageDocumentation
 */
export { type FolderStore, folderStore } from './store/folderStore.js';
