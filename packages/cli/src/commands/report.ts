import { basename } from 'node:path';
import type { ReportDocument } from '@crln/train';
import type { Command } from '../command.js';
import { textTable } from '../table.js';

const command: Command = {
  meta: { name: 'report', description: 'Compare runs: one page with tables, curves, pictures and settings' },
  args: {
    runs: { type: 'positional', required: true, valueHint: '…', description: 'Folders of runs, one or several' },
    out: { type: 'string', required: true, valueHint: 'DIR', description: 'Folder for report.html and report.md' },
    title: { type: 'string', valueHint: 'TEXT', description: 'Title of the page' },
  },
  examples: [
    'crln report runs/first --out runs/first',
    'crln report runs/supervised runs/crln --out runs/compared --title "With and without unlabelled scans"',
  ],
  async run({ args, print }) {
    const { buildReport, readReportRun, writeReport } = await import('@crln/train');
    const { folderStore } = await import('@crln/train/node');
    const runs = [];
    for (const folder of args.all('runs')) {
      runs.push(await readReportRun(await folderStore(folder, { readOnly: true }), basename(folder)));
    }
    const title = args.text('title');
    const document = buildReport(runs, title === undefined ? {} : { title });
    const store = await folderStore(args.required('out'));
    try {
      await writeReport(store, document);
    } finally {
      await store.close();
    }
    for (const line of results(document)) print(line);
    print(`Wrote report.html and report.md to ${store.location}`);
    return { folder: store.location, runs: runs.map(({ name }) => name), title: document.title };
  },
};
export default command;

/** The tables of results, and what to know of them, as text. */
function results({ sections }: ReportDocument): string[] {
  const blocks = sections.find(({ heading }) => heading === 'Results')?.blocks ?? [];
  return blocks.flatMap((block) => {
    if (block.kind === 'table')
      return [textTable(block.table.head, block.table.rows, block.table.textColumns), block.caption, ''];
    if (block.kind === 'list') return [...block.items.map((item) => `- ${item}`), ''];
    return block.kind === 'paragraph' ? [block.text, ''] : [];
  });
}
