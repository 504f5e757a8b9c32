import { percentile } from '../metrics/surfaceMetrics.js';
import { axes } from './lineChart.js';
import { linearScale } from './scale.js';
import { colour, type Drawing, element, INK, label, line } from './svg.js';

export interface BoxGroup {
  name: string;
  /** One value a case. */
  values: readonly number[];
  /** By default the next of the palette. */
  colour?: string;
}

export interface BoxPlotOptions {
  title: string;
  y: string;
  width?: number;
  height?: number;
  include?: number[];
}

/** Width of one box's place, while there is room. */
const SLOT = 130;

/**
 * Box plots side by side, with every case as a dot: box from the 25th to the 75th percentile, line at the median, diamond at the
 * mean, whiskers to the furthest case within 1.5 box heights.
 */
export function boxPlot(groups: readonly BoxGroup[], options: BoxPlotOptions): Drawing {
  const shown = groups.filter(({ values }) => values.length > 0);
  const { height = 340, width = Math.min(1000, Math.max(360, 80 + SLOT * shown.length)) } = options;
  const frame = { left: 62, right: width - 18, top: 40, bottom: height - 58 };
  const title = label(frame.left, 20, options.title, { size: 15, weight: 600 });
  if (shown.length === 0) {
    return {
      width,
      height,
      body: title + label(width / 2, height / 2, 'no values yet', { anchor: 'middle', fill: INK.quiet }),
    };
  }
  const all = [...shown.flatMap(({ values }) => values), ...(options.include ?? [])];
  const y = linearScale([Math.min(...all), Math.max(...all)], [frame.bottom, frame.top], 5, true);
  const place = (i: number) => frame.left + ((i + 0.5) * (frame.right - frame.left)) / shown.length;
  const room = Math.max(4, Math.floor((frame.right - frame.left) / shown.length / 6.2));
  const x = Object.assign(place, { ticks: shown.map(({ name }, value) => ({ value, text: inRows(name, room) })) });
  const boxes = shown.map((one, i) => box(one.values, place(i), Math.min(44, room * 3), y, one.colour ?? colour(i)));
  return { width, height, body: [title, axes(x, y, frame, { x: '', y: options.y }), ...boxes].join('') };
}

function box(values: readonly number[], x: number, width: number, y: (value: number) => number, fill: string): string {
  const [low, middle, high] = [25, 50, 75].map((p) => percentile(values, p)) as [number, number, number];
  const reach = 1.5 * (high - low);
  const inside = values.filter((value) => value >= low - reach && value <= high + reach);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const half = width / 2;
  // Golden-ratio steps spread the dots evenly without chance.
  const dots = [...values]
    .sort((a, b) => a - b)
    .map((value, i) => {
      const shift = (((i + 1) * 0.618034) % 1) - 0.5;
      return element('circle', { cx: x + shift * width * 0.8, cy: y(value), r: 2.6, fill, 'fill-opacity': 0.65 });
    });
  return [
    line(x, y(Math.min(...inside)), x, y(low), fill, 1.5),
    line(x, y(high), x, y(Math.max(...inside)), fill, 1.5),
    element('rect', {
      x: x - half,
      y: y(high),
      width,
      height: Math.max(y(low) - y(high), 1),
      fill,
      'fill-opacity': 0.14,
      stroke: fill,
      'stroke-width': 1.5,
    }),
    ...dots,
    line(x - half, y(middle), x + half, y(middle), fill, 2.5),
    element('path', {
      d: `M${x} ${y(mean) - 5}l5 5l-5 5l-5 -5z`,
      fill: '#ffffff',
      stroke: INK.text,
      'stroke-width': 1.3,
    }),
  ].join('');
}

/** A name in up to three rows, broken after commas, each of at most `most` letters. */
const inRows = (name: string, most: number): string =>
  name
    .split(/,\s*/)
    .slice(0, 3)
    .map((part) => (part.length <= most ? part : `${part.slice(0, most - 1)}…`))
    .join('\n');
