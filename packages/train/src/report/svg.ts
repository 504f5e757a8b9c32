/** A drawing and its size in pixels. `body` is SVG without the outer element. */
export interface Drawing {
  width: number;
  height: number;
  body: string;
}

/** Text colours and lines of all charts, on white. */
export const INK = { text: '#1f2933', quiet: '#616e7c', axis: '#9aa5b1', grid: '#e4e7eb' } as const;

/** Okabe and Ito's colours, told apart by colour-blind readers too; in this order. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#5c5c5c'] as const;

/** The i-th colour, again from the first where they run out. */
export const colour = (i: number): string => COLOURS[i % COLOURS.length] as string;

const FONT = "'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif";

/** Text as it may stand in XML or HTML. */
export const escapeText = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** An element; attributes that are undefined are left out, numbers are rounded to hundredths. */
export function element(
  name: string,
  attributes: Record<string, string | number | undefined>,
  ...children: string[]
): string {
  const list = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escapeText(value as string)}"`);
  return `<${name}${list.join('')}${children.length === 0 ? '/>' : `>${children.join('')}</${name}>`}`;
}

/** Text at a point. `anchor` says which part of it. */
export function label(
  x: number,
  y: number,
  text: string,
  options: {
    anchor?: 'start' | 'middle' | 'end';
    size?: number;
    fill?: string;
    weight?: number;
    rotate?: number;
  } = {},
): string {
  const { anchor = 'start', size = 12, fill = INK.text, weight, rotate } = options;
  const transform = rotate === undefined ? undefined : `rotate(${rotate} ${round(x)} ${round(y)})`;
  return element(
    'text',
    { x, y, 'text-anchor': anchor, 'font-size': size, fill, 'font-weight': weight, transform },
    escapeText(text),
  );
}

export const line = (x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1): string =>
  element('line', { x1, y1, x2, y2, stroke, 'stroke-width': width });

/** About how wide a text is in the font of the charts. */
export const textWidth = (text: string, size = 12): number => text.length * size * 0.52;

export const round = (value: number): number => Math.round(value * 100) / 100;

/** A whole SVG file on white. */
export function svgFile({ width, height, body }: Drawing, title: string): string {
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${round(width)} ${round(height)}`,
      'font-family': FONT,
      role: 'img',
      'aria-label': title,
    },
    element('title', {}, escapeText(title)),
    element('rect', { width, height, fill: '#ffffff' }),
    body,
  )}\n`;
}

/** Drawings one below the other. */
export function stack(drawings: readonly Drawing[]): Drawing {
  let height = 0;
  const parts = drawings.map((drawing) => {
    const part = element('g', { transform: `translate(0 ${round(height)})` }, drawing.body);
    height += drawing.height;
    return part;
  });
  return { width: Math.max(0, ...drawings.map(({ width }) => width)), height, body: parts.join('') };
}
