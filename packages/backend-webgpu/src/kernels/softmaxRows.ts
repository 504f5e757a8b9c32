import { EXPONENTIALS } from './exponentials.js';

/**
 * How many classes, in WGSL: a few are in the code, and so in the shader's key, so that loops over them unroll; more are the parameter
 * `classes`.
 */
export const classCount = (classes: number): string => (classes <= 4 ? `${classes}u` : 'p.classes');

/**
 * WGSL of losses over rows of classes, `x` [rows, count]: `softmaxRow(row, label)`, after which the softmax of class c is
 * `exponential(x_c − largest) / (1 + rest)`; `isClass(label)`; and the {@link EXPONENTIALS}. `count` is a {@link classCount}.
 */
export const softmaxRows = (count: string): string => `${EXPONENTIALS}
struct Row {
  largest: f32,
  /** The class of the largest x, the first of several. */
  best: u32,
  /** Σ e^(x − largest) without the best class, whose 1 would hide the smaller ones. */
  rest: f32,
  /** The same sum without the label's class. */
  others: f32,
  /** The x of the label. */
  picked: f32,
  /** There is no softmax: an x is NaN, or the largest is infinite. */
  broken: bool,
}
fn softmaxRow(row: u32, label: i32) -> Row {
  let start = row * ${count};
  var found = Row(x[start], 0u, 0.0, 0.0, 0.0, isNan(x[start]));
  for (var c = 1u; c < ${count}; c++) {
    let value = x[start + c];
    found.broken = found.broken || isNan(value);
    if (value > found.largest) {
      found.largest = value;
      found.best = c;
    }
  }
  found.broken = found.broken || (bitcast<u32>(found.largest) & 0x7fffffffu) >= 0x7f800000u;
  for (var c = 0u; c < ${count}; c++) {
    let value = x[start + c];
    let power = exponential(value - found.largest);
    let mine = i32(c) == label;
    found.rest += select(power, 0.0, c == found.best);
    found.others += select(power, 0.0, mine);
    found.picked = select(found.picked, value, mine);
  }
  return found;
}
fn isClass(label: i32) -> bool { return u32(label) < ${count}; }`;
