import { CrlnError } from '@crln/core';

/**
 * Renders an SVG to PNG by `@resvg/resvg-js`, an optional dependency, loaded when it is first needed. Text needs a font on the
 * system: without one a picture has its lines, but no words.
 *
 * @param scale pixels of the PNG a unit of the SVG
 * @throws CrlnError `missing-dependency`
 */
export async function svgToPng(svg: string, scale = 2): Promise<Uint8Array> {
  let resvg: typeof import('@resvg/resvg-js');
  try {
    resvg = await import('@resvg/resvg-js');
  } catch (cause) {
    throw new CrlnError(
      'missing-dependency',
      'PNG files of curves need the package @resvg/resvg-js: npm install @resvg/resvg-js',
      { package: '@resvg/resvg-js' },
      { cause },
    );
  }
  const renderer = new resvg.Resvg(svg, { fitTo: { mode: 'zoom', value: scale }, font: { loadSystemFonts: true } });
  return new Uint8Array(renderer.render().asPng());
}
