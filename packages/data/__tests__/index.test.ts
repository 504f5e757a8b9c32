import { describe, expect, it } from 'vitest';
import * as root from '../src/index.js';
import * as node from '../src/node.js';

describe('public API of @crln/data', () => {
  it('exports exactly these names', () => {
    expect(Object.keys(root).sort()).toMatchInlineSnapshot(`
      [
        "applyRecipe",
        "applyWeakPlan",
        "assertFinite",
        "assertSameGrid",
        "axisCodes",
        "batchLoader",
        "caseSource",
        "classesToLabels",
        "createDataset",
        "datasetOf",
        "fitRecipe",
        "geometryIndex",
        "invertLabels",
        "invertProbabilities",
        "labelCounts",
        "labelTable",
        "labelsOfProbabilities",
        "labelsToClasses",
        "normalise",
        "parseRecipe",
        "percentiles",
        "phantomAtria",
        "phantomCase",
        "phantomDataset",
        "preparedShape",
        "preparedSpacing",
        "readNifti",
        "reorient",
        "resampleToShape",
        "resampleToSpacing",
        "selectSplits",
        "strongImages",
        "strongPlan",
        "trainingCases",
        "twoStreamSampler",
        "volume",
        "weakBatch",
        "weakPatch",
        "weakPlan",
        "withData",
        "writeNifti",
      ]
    `);
    expect(Object.keys(node).sort()).toMatchInlineSnapshot(`
      [
        "openFolder",
        "readVolume",
        "volumesIn",
        "workerLoader",
        "writeAtomic",
        "writeDataset",
        "writeVolume",
      ]
    `);
  });
});
