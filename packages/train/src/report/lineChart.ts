import { linearScale, logScale, type Scale } from './scale.js';
import { colour, type Drawing, element, INK, label, line, round, textWidth } from './svg.js';

export type Point = readonly [x: number, y: number];

export interface Series {
  name: string;
  points: readonly Point[];
  /** By default the next of the palette. */
  colour?: string;
  /** Draws the points faintly and a moving average over them. */
  smooth?: boolean;
  /** Draws a dot at every point. */
  dots?: boolean;
  dashed?: boolean;
}

export interface LineChartOptions {
  title: string;
  x: string;
  y: string;
  width?: number;
  height?: number;
  /** `log` leaves out values that are not above 0. */
  scale?: 'linear' | 'log';
  /** Values that the y axis must reach. */
  include?: number[];
}

/** A logarithmic axis spans at most this factor; what is lower lies on its floor. */
const LOG_SPAN = 1e4;
/** A line has at most this many points: more would not show. */
const MOST_POINTS = 400;
const MARGIN = { left: 62, right: 18, bottom: 44 };

/** A chart of one or more series over a common x axis: title, legend, axes with ticks and names. */
export function lineChart(series: readonly Series[], options: LineChartOptions): Drawing {
  const { width = 760, height = 300, scale = 'linear', include = [] } = options;
  const shown = series
    .map((one, i) => ({ ...one, colour: one.colour ?? colour(i), points: one.points.filter(visible(scale)) }))
    .filter(({ points }) => points.length > 0);
  const named = shown.filter((one, i) => shown.findIndex((other) => isLike(one, other)) === i);
  const legend = legendRows(named, width - MARGIN.left - MARGIN.right);
  const top = 34 + 18 * legend.rows;
  const bottom = height - MARGIN.bottom;
  const frame = { left: MARGIN.left, right: width - MARGIN.right, top, bottom };
  const title = label(frame.left, 20, options.title, { size: 15, weight: 600 });
  if (shown.length === 0) {
    const nothing = label(width / 2, (top + bottom) / 2, 'no values yet', { anchor: 'middle', fill: INK.quiet });
    return { width, height, body: title + nothing };
  }
  const all = shown.flatMap(({ points }) => points);
  const x = linearScale(extent([0, ...all.map(([value]) => value)]), [frame.left, frame.right], 7);
  const values = extent([...all.map(([, value]) => value), ...include]);
  const floor = scale === 'log' ? Math.max(values[0], values[1] / LOG_SPAN) : values[0];
  const y = scale === 'log' ? logScale([floor, values[1]], [bottom, top]) : linearScale(values, [bottom, top], 5, true);
  return {
    width,
    height,
    body: [title, legend.body, axes(x, y, frame, options), ...shown.map((one) => drawSeries(one, x, y, floor))].join(
      '',
    ),
  };
}

/** Ticks, grid and names of both axes. */
export function axes(
  x: Pick<Scale, 'ticks'> & ((value: number) => number),
  y: Scale,
  frame: { left: number; right: number; top: number; bottom: number },
  names: { x: string; y: string },
): string {
  const { left, right, top, bottom } = frame;
  return [
    ...y.ticks.map(({ value }) => line(left, y(value), right, y(value), INK.grid)),
    line(left, bottom, right, bottom, INK.axis),
    ...x.ticks.map(({ value }) => line(x(value), bottom, x(value), bottom + 5, INK.axis)),
    ...y.ticks.map(({ value, text }) =>
      label(left - 8, y(value) + 4, text, { anchor: 'end', size: 11, fill: INK.quiet }),
    ),
    ...x.ticks.flatMap(({ value, text }) =>
      text
        .split('\n')
        .map((row, i) => label(x(value), bottom + 19 + 14 * i, row, { anchor: 'middle', size: 11, fill: INK.quiet })),
    ),
    label((left + right) / 2, bottom + 37, names.x, { anchor: 'middle', size: 12, fill: INK.quiet }),
    label(16, (top + bottom) / 2, names.y, { anchor: 'middle', size: 12, fill: INK.quiet, rotate: -90 }),
  ].join('');
}

/** Lines of one name and colour share an entry in the legend. */
const isLike = (a: Series, b: Series): boolean => a.name === b.name && a.colour === b.colour;

const visible =
  (scale: 'linear' | 'log') =>
  ([x, y]: Point): boolean =>
    Number.isFinite(x) && Number.isFinite(y) && (scale === 'linear' || y > 0);

function extent(values: readonly number[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

function drawSeries(series: Series & { colour: string }, x: Scale, y: Scale, floor: number): string {
  const points = thinned(series.points);
  const path = (list: readonly Point[]) =>
    list.map(([a, b], i) => `${i === 0 ? 'M' : 'L'}${round(x(a))} ${round(Math.min(y(b), y(floor)))}`).join('');
  const stroke = (list: readonly Point[], width: number, opacity?: number) =>
    element('path', {
      d: path(list),
      fill: 'none',
      stroke: series.colour,
      'stroke-width': width,
      'stroke-opacity': opacity,
      'stroke-linejoin': 'round',
      'stroke-dasharray': series.dashed ? '6 4' : undefined,
    });
  const dots = series.dots || points.length === 1 ? points : [];
  const smooth = series.smooth && points.length >= 20;
  return [
    smooth ? stroke(points, 1, 0.28) : stroke(points, 2),
    smooth ? stroke(movingAverage(points), 2) : '',
    ...dots.map(([a, b]) => element('circle', { cx: x(a), cy: y(b), r: 3, fill: series.colour })),
  ].join('');
}

/** Means of equal groups of neighbours, where there are too many points. */
function thinned(points: readonly Point[]): readonly Point[] {
  const group = Math.ceil(points.length / MOST_POINTS);
  if (group === 1) return points;
  const count = Math.ceil(points.length / group);
  return Array.from({ length: count }, (_, i) => meanPoint(points.slice(i * group, (i + 1) * group)));
}

/** Each point's mean with its neighbours, a twentieth of the series to both sides together. */
function movingAverage(points: readonly Point[]): Point[] {
  const reach = Math.max(2, Math.round(points.length / 40));
  return points.map(([x], i) => {
    return [x, meanPoint(points.slice(Math.max(0, i - reach), i + reach + 1))[1]];
  });
}

function meanPoint(points: readonly Point[]): Point {
  const sum = points.reduce(([a, b], [x, y]) => [a + x, b + y] as const, [0, 0] as const);
  return [sum[0] / points.length, sum[1] / points.length];
}

/** Names with their colours, in as many rows as they need. */
function legendRows(
  series: readonly { name: string; colour: string; dashed?: boolean }[],
  width: number,
): { rows: number; body: string } {
  let x = 0;
  let row = 0;
  const body = series.map(({ name, colour, dashed }) => {
    const needed = 26 + textWidth(name) + 18;
    if (x > 0 && x + needed > width) {
      x = 0;
      row++;
    }
    const at = MARGIN.left + x;
    const middle = 38 + 18 * row;
    x += needed;
    const key = element('line', {
      x1: at,
      y1: middle,
      x2: at + 20,
      y2: middle,
      stroke: colour,
      'stroke-width': 3,
      'stroke-dasharray': dashed ? '6 4' : undefined,
    });
    return key + label(at + 26, middle + 4, name);
  });
  return { rows: series.length === 0 ? 0 : row + 1, body: body.join('') };
}
