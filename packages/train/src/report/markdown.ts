import type { Block, ReportDocument, Table } from './document.js';

/** The document as Markdown; figures are files beside it, `report.<name>`. */
export function renderMarkdown({ title, sections }: ReportDocument): string {
  const parts = sections.map(({ heading, blocks }) =>
    [...(heading === '' ? [] : [`## ${heading}`]), ...blocks.map(renderBlock)].join('\n\n'),
  );
  return `# ${title}\n\n${parts.join('\n\n')}\n`;
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return escapeMarkdown(block.text);
    case 'list':
      return block.items.map((item) => `- ${escapeMarkdown(item)}`).join('\n');
    case 'table':
      return `${renderTable(block.table)}\n\n${escapeMarkdown(block.caption)}`;
    case 'figure':
      return `![${escapeMarkdown(block.figure.caption)}](${encodeURI(`report.${block.figure.file}`)})\n\n${escapeMarkdown(block.figure.caption)}`;
    case 'code':
      return `\`\`\`json\n${block.text}\n\`\`\``;
    case 'folded':
      return [`### ${escapeMarkdown(block.summary)}`, ...block.blocks.map(renderBlock)].join('\n\n');
  }
}

function renderTable({ head, rows, textColumns }: Table): string {
  const row = (cells: string[]) =>
    `| ${cells.map((cell) => escapeMarkdown(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = `|${head.map((_, i) => (i < textColumns ? ' --- |' : ' ---: |')).join('')}`;
  return [row(head), rule, ...rows.map(row)].join('\n');
}

const escapeMarkdown = (text: string): string => text.replace(/([\\`*_[\]<>#])/g, '\\$1');
