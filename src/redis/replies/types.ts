/** How a reply can be looked at. `text`: as redis-cli prints it. */
export type ReplyView = 'text' | 'json' | 'table' | 'hex' | 'decoded';

export interface TableColumn {
  readonly name: string;
  /** Of its longest text, as far as that matters for the eye, characters. */
  readonly width: number;
}

/** Something that consists of rows, of which any can be had; all of it is in memory and bounded. */
export interface RowSource {
  /** At least one in a text. */
  readonly rows: number;
  /** What it holds in memory. */
  readonly bytes: number;
  /** Whether there was more than is kept. */
  readonly truncated: boolean;
  /** Rows from `from` on, at most `count`: lines of a text (or pieces of long ones), cells of a table. */
  rowsAt(from: number, count: number): readonly (string | readonly string[])[];
  /**
   * Rows `from` to `to`, both included, as they are copied: of a table with tabs between the cells. `cut`: there was more than
   * `maxBytes` of it.
   */
  slice(from: number, to: number, maxBytes: number): { readonly text: string; readonly cut: boolean };
  /**
   * The first row from `from` on (or before it, `backwards`) that contains the words, whatever their case. It looks at a
   * part only: `next` says where to go on, and is undefined at the end.
   */
  findFrom(words: string, from: number, backwards: boolean): { readonly found?: number; readonly next?: number };
}

/** One view of one reply. */
export interface OpenView {
  readonly source: RowSource;
  /** Of a table. */
  readonly columns?: readonly TableColumn[];
  /** What was found in a value and undone, outermost first: `base64`, `gzip`, `JSON`. */
  readonly steps: readonly string[];
  readonly language: 'json' | 'plaintext';
}

/** A reply that is kept for a while: the newest ones of a window, up to 64 MB together. */
export interface KeptReply {
  /** Whether it is still there. */
  readonly kept: boolean;
  /** Of its text, as far as it has come. At least one. */
  readonly rows: number;
  /** Of its text. */
  readonly bytes: number;
  /** What else than its text can be shown. */
  readonly views: readonly ReplyView[];
  /**
   * Undefined when it is no longer kept, or has no such view. Views but the text are made when they are asked for first.
   * @throws Fault `operation.cancelled`
   */
  look(view: ReplyView, signal: AbortSignal): Promise<OpenView | undefined>;
  /** It is not needed any more. */
  forget(): void;
}
