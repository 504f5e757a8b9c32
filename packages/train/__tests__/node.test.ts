import { expect, it } from 'vitest';
import * as node from '../src/node.js';

it('the Node entry of the package exports this and nothing else', () => {
  expect(Object.keys(node).sort()).toEqual(['folderStore', 'svgToPng']);
});
