/** A table: a head, rows, and which columns are text (the others are numbers, aligned right). */
export interface Table {
  head: string[];
  rows: string[][];
  textColumns: number;
}

export interface Figure {
  /** How its file is called beside `report.md`, without `report.`: `dice.svg`. */
  file: string;
  content: string | Uint8Array;
  caption: string;
  /** Width on the page in pixels; its own where it is absent. */
  width?: number;
}

export type Block =
  | { kind: 'paragraph'; text: string }
  | { kind: 'list'; items: string[] }
  | { kind: 'table'; table: Table; caption: string }
  | { kind: 'figure'; figure: Figure }
  | { kind: 'code'; text: string }
  | { kind: 'folded'; summary: string; blocks: Block[] };

/** A report before it is HTML or Markdown. */
export interface ReportDocument {
  title: string;
  sections: { heading: string; blocks: Block[] }[];
}

/** All figures of a document, folded ones too. */
export function figuresOf(document: ReportDocument): Figure[] {
  const within = (blocks: readonly Block[]): Figure[] =>
    blocks.flatMap((block) => {
      if (block.kind === 'figure') return [block.figure];
      return block.kind === 'folded' ? within(block.blocks) : [];
    });
  return document.sections.flatMap(({ blocks }) => within(blocks));
}
