import type { Unit } from './wasmKernels.js';

/** What loops over labelled rows of classes end with. */
type LabelledRows = [wrong: number, scratch: number, rows: number, classes: number, ignore: number, unitRows: number];
/** Who is of which class, for a contrast: labels, validity, probabilities. */
type Members = [labels: number, valid: number, probabilities: number];

/** The shared kernels of losses and of the optimizer. */
export interface LossKernels {
  crossEntropy(...call: [x: number, labels: number, loss: number, ...LabelledRows, ...Unit]): void;
  crossEntropyGrad(...call: [dy: number, x: number, labels: number, dx: number, ...LabelledRows, ...Unit]): void;
  crossEntropySums(...call: [x: number, labels: number, sums: number, ...LabelledRows, parts: number, ...Unit]): void;
  crossEntropySumsGrad(
    dy: number,
    stride: number,
    x: number,
    labels: number,
    dx: number,
    scratch: number,
    rows: number,
    classes: number,
    ignore: number,
    unitRows: number,
    parts: number,
    ...unit: Unit
  ): void;
  diceSums(
    x: number,
    labels: number,
    sums: number,
    scratch: number,
    softmax: number,
    rows: number,
    classes: number,
    unitRows: number,
    ...unit: Unit
  ): void;
  diceGrad(
    dy: number,
    x: number,
    labels: number,
    dx: number,
    scratch: number,
    softmax: number,
    rows: number,
    classes: number,
    unitRows: number,
    ...unit: Unit
  ): void;
  pseudoLabels(
    x: number,
    index: number,
    label: number,
    confidence: number,
    wrong: number,
    scratch: number,
    rows: number,
    sources: number,
    classes: number,
    unitRows: number,
    ...unit: Unit
  ): void;
  scatterRows(
    values: number,
    indices: number,
    out: number,
    count: number,
    rows: number,
    width: number,
    unitRows: number,
    ...unit: Unit
  ): void;
  /** All numbers but the first two are float64. */
  optimizerStep(
    parameters: number,
    count: number,
    momentum: number,
    weightDecay: number,
    gradientPart: number,
    velocityPart: number,
    decay: number,
    ...unit: Unit
  ): void;
  infoNce(
    ...call: [
      ...[anchors: number, positives: number, rows: number, lists: number, loss: number, slopes: number],
      ...[wrong: number, scratch: number, count: number, share: number, total: number, width: number, list: number],
      ...[temperature: number, unitAnchors: number],
      ...Unit,
    ]
  ): void;
  countMembers(
    ...call: [
      x: number,
      ...Members,
      ...[tallies: number, voxels: number, classes: number, width: number, threshold: number, unitVoxels: number],
      ...Unit,
    ]
  ): void;
  listMembers(
    ...call: [
      ...Members,
      ...[ends: number, members: number, hard: number, voxels: number, classes: number, threshold: number],
      unitVoxels: number,
      ...Unit,
    ]
  ): void;
  drawMembers(
    uniforms: number,
    choices: number,
    odds: number,
    table: number,
    list: number,
    out: number,
    classes: number,
    draws: number,
    unitDraws: number,
    ...unit: Unit
  ): void;
}
