import { setImmediate as nextTurn } from 'node:timers/promises';
import { asFault, describeFault, isCancelled } from '../../base/fault';
import type { Clock } from '../../base/clock';
import type { Logger } from '../../base/log';
import type { KeptReply, OpenView, RenderedReply } from '../../redis/types';
import type { ReplyRequest, ReplyView, ToPage, ViewShape } from '../../webview/protocol';
import type { Ui } from '../ui';

export interface ReplyPorts {
  readonly ui: Pick<Ui, 'l10n' | 'copy'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly post: (message: ToPage) => void;
  /** A new document that belongs to no file. */
  readonly openDocument: (text: string, language: string) => Promise<void>;
}

/** A page shows at most so many entries. */
const MAX_REPLIES = 1000;
/** Between two messages about a reply that grows. */
const GROWTH_MS = 100;
/** A view up to here is handed over as a whole. */
const INLINE_ROWS = 1000;
const INLINE_BYTES = 64 * 1024;
/** Of a copy and of a document. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** The replies of one console that the engine keeps, by the page's numbers of their entries, and what the page asks about them. */
export class ConsoleReplies {
  readonly #ports: ReplyPorts;
  readonly #replies = new Map<number, KeptReply>();
  readonly #life = new AbortController();
  #growing: { readonly id: number; readonly reply: KeptReply; toldAt: number } | undefined;
  #finding: AbortController | undefined;

  constructor(ports: ReplyPorts) {
    this.#ports = ports;
  }

  /** A large reply is arriving; the page may ask for its rows already. */
  grows(id: number, reply: KeptReply): void {
    const now = this.#ports.clock.now();
    if (this.#growing?.id !== id) {
      this.#replies.set(id, reply);
      this.#growing = { id, reply, toldAt: -Infinity };
    }
    if (now - this.#growing.toldAt < GROWTH_MS) return;
    this.#growing.toldAt = now;
    this.tellGrowth();
  }

  /** Again for a page that is new. */
  tellGrowth(): void {
    if (this.#growing) this.#ports.post({ type: 'growing', id: this.#growing.id, rows: this.#growing.reply.rows });
  }

  /** The command has been answered, or has failed. */
  ended(id: number, rendered?: RenderedReply): void {
    if (this.#growing?.id === id) this.#growing = undefined;
    if (this.#life.signal.aborted) {
      rendered?.reply?.forget();
      return;
    }
    if (rendered?.reply) this.#replies.set(id, rendered.reply);
    for (const [each, reply] of this.#replies) {
      if (this.#replies.size <= MAX_REPLIES && reply.kept) break;
      reply.forget();
      this.#replies.delete(each);
    }
  }

  receive(request: ReplyRequest): void {
    if (request.type === 'forget') {
      this.#forget();
      return;
    }
    this.#answer(request).catch((error: unknown) => {
      if (isCancelled(error)) return;
      const fault = asFault(error);
      // Its message may quote the value.
      this.#ports.logger.log('warn', 'redis.viewFailed', { code: fault.code });
      if ('id' in request) this.#note(request.id, describeFault(fault));
    });
  }

  dispose(): void {
    this.#growing = undefined;
    this.#life.abort();
    this.#finding?.abort();
    this.#forget();
  }

  #forget(): void {
    for (const [id, reply] of this.#replies) {
      if (id === this.#growing?.id) continue;
      reply.forget();
      this.#replies.delete(id);
    }
  }

  async #answer(request: Exclude<ReplyRequest, { type: 'forget' }>): Promise<void> {
    switch (request.type) {
      case 'view':
        return this.#view(request.id, request.view);
      case 'rows':
        return this.#rows(request);
      case 'find':
        return this.#find(request);
      case 'copy':
        return this.#copy(request);
      case 'copyText':
        await this.#ports.ui.copy(request.text);
        return this.#note(request.id, this.#ports.ui.l10n.t('Copied.'));
      case 'openInEditor':
        return this.#open(request.id, request.view);
      case 'openText':
        return this.#ports.openDocument(request.text, 'plaintext');
    }
  }

  #look(id: number, view: ReplyView): Promise<OpenView | undefined> {
    return this.#replies.get(id)?.look(view, this.#life.signal) ?? Promise.resolve(undefined);
  }

  async #view(id: number, view: ReplyView): Promise<void> {
    const opened = await this.#look(id, view);
    this.#ports.post({ type: 'view', id, view, shape: opened ? this.#shapeOf(opened) : 'gone' });
  }

  #shapeOf({ source, columns, steps }: OpenView): ViewShape {
    const { l10n } = this.#ports.ui;
    const small = !columns && source.rows <= INLINE_ROWS && source.bytes <= INLINE_BYTES;
    const note = [
      steps.join(' → '),
      source.truncated ? l10n.t('There is more than is shown here.') : '',
    ];
    return {
      rows: source.rows,
      text: small ? source.slice(0, INLINE_ROWS, INLINE_BYTES).text : null,
      columns: columns ?? null,
      note: note.filter((part) => part !== '').join(' · '),
    };
  }

  async #rows({ id, view, from, count }: Extract<ReplyRequest, { type: 'rows' }>): Promise<void> {
    const opened = await this.#look(id, view);
    this.#ports.post({ type: 'rows', id, view, from, rows: opened ? opened.source.rowsAt(from, count) : 'gone' });
  }

  /** Piece by piece, with turns for others between; once round. A new search ends the one before. */
  async #find({ id, view, words, from, backwards }: Extract<ReplyRequest, { type: 'find' }>): Promise<void> {
    this.#finding?.abort();
    const finding = new AbortController();
    this.#finding = finding;
    let at: { readonly found?: number; readonly next?: number } = { next: from };
    let again = true;
    while (at.next !== undefined) {
      const opened = await this.#look(id, view);
      if (finding.signal.aborted) return;
      if (!opened) return this.#note(id, this.#gone);
      at = opened.source.findFrom(words, at.next, backwards);
      if (at.found === undefined && at.next === undefined && again) {
        again = false;
        at = { next: backwards ? opened.source.rows - 1 : 0 };
      }
      await nextTurn();
    }
    this.#ports.post({ type: 'found', id, view, row: at.found ?? null });
  }

  async #copy({ id, view, from, to }: Extract<ReplyRequest, { type: 'copy' }>): Promise<void> {
    const { ui } = this.#ports;
    const opened = await this.#look(id, view);
    if (!opened) return this.#note(id, this.#gone);
    const { text, cut } = opened.source.slice(from, to, MAX_TEXT_BYTES);
    await ui.copy(text);
    this.#note(id, cut || opened.source.truncated ? this.#partOf(cut, ui.l10n.t('Copied.')) : ui.l10n.t('Copied.'));
  }

  async #open(id: number, view: ReplyView): Promise<void> {
    const opened = await this.#look(id, view);
    if (!opened) return this.#note(id, this.#gone);
    const { text, cut } = opened.source.slice(0, opened.source.rows - 1, MAX_TEXT_BYTES);
    await this.#ports.openDocument(text, opened.language);
    if (cut || opened.source.truncated) this.#note(id, this.#partOf(cut, ''));
  }

  #partOf(cut: boolean, done: string): string {
    const { l10n } = this.#ports.ui;
    return [done, cut ? l10n.t('These are the first 16 MB; there is more.') : l10n.t('There is more than is shown here.')].join(' ').trim();
  }

  get #gone(): string {
    return this.#ports.ui.l10n.t('This reply is no longer kept: newer replies needed the room. Run the command again to see it.');
  }

  #note(id: number, text: string): void {
    this.#ports.post({ type: 'noted', id, text });
  }
}
