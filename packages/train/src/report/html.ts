import type { Block, Figure, ReportDocument, Table } from './document.js';
import { escapeText } from './svg.js';

const STYLE = `
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1f2933; font: 16px/1.55 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; line-height: 1.25; margin: 0 0 8px; }
h2 { font-size: 20px; margin: 40px 0 12px; padding-bottom: 6px; border-bottom: 1px solid #e4e7eb; }
p { max-width: 75ch; margin: 8px 0; }
ul { max-width: 75ch; padding-left: 22px; margin: 8px 0; }
li { margin: 4px 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; margin: 12px 0 4px; }
th, td { padding: 6px 9px; text-align: right; white-space: nowrap; border-bottom: 1px solid #e4e7eb; }
th { font-weight: 600; white-space: normal; vertical-align: bottom; border-bottom: 2px solid #9aa5b1; }
th.text, td.text { text-align: left; }
tbody tr:hover { background: #f5f7fa; }
figure { margin: 16px 0; }
figure svg, figure img { display: block; max-width: 100%; height: auto; }
figcaption, .caption { color: #52606d; font-size: 14px; max-width: 85ch; margin: 6px 0 0; }
details { margin: 12px 0; border: 1px solid #e4e7eb; border-radius: 6px; padding: 8px 14px; }
summary { cursor: pointer; font-weight: 600; font-size: 15px; }
pre { background: #f5f7fa; border-radius: 6px; padding: 12px; overflow-x: auto; font-size: 13px; line-height: 1.4; }
@media print { main { max-width: none; } details { border: 0; } }
`;

/** The document as one HTML file that needs no other: style, drawings and pictures are inside. */
export function renderHtml({ title, sections }: ReportDocument): string {
  const body = sections.map(({ heading, blocks }) => {
    const head = heading === '' ? '' : `<h2>${escapeText(heading)}</h2>\n`;
    return `<section>\n${head}${blocks.map(renderBlock).join('\n')}\n</section>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeText(title)}</h1>
${body.join('\n')}
</main>
</body>
</html>
`;
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return `<p>${escapeText(block.text)}</p>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${escapeText(item)}</li>`).join('')}</ul>`;
    case 'table':
      return `<div class="wide">${renderTable(block.table)}</div>\n<p class="caption">${escapeText(block.caption)}</p>`;
    case 'figure':
      return renderFigure(block.figure);
    case 'code':
      return `<pre>${escapeText(block.text)}</pre>`;
    case 'folded':
      return `<details><summary>${escapeText(block.summary)}</summary>\n${block.blocks.map(renderBlock).join('\n')}\n</details>`;
  }
}

function renderTable({ head, rows, textColumns }: Table): string {
  const cells = (tag: 'th' | 'td', row: string[]) =>
    row.map((cell, i) => `<${tag}${i < textColumns ? ' class="text"' : ''}>${escapeText(cell)}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n');
  return `<table><thead><tr>${cells('th', head)}</tr></thead>\n<tbody>\n${body}\n</tbody></table>`;
}

function renderFigure({ content, caption, width }: Figure): string {
  const style = width === undefined ? '' : ` width="${width}"`;
  const picture =
    typeof content === 'string'
      ? content.trim()
      : `<img alt="${escapeText(caption)}"${style} src="data:image/png;base64,${base64(content)}">`;
  return `<figure>${picture}<figcaption>${escapeText(caption)}</figcaption></figure>`;
}

function base64(bytes: Uint8Array): string {
  let text = '';
  // A call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}
