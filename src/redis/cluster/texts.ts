import type { ReplyReader } from '../../wire/resp';
import { recordOf, rendered, type Rendering } from '../replies/recordOf';
import { isLarge } from '../replies/rendered';
import type { ReplyRecord } from '../replies/replyRecord';
import type { KeptReply, RenderedReply } from '../types';
import type { Delivered } from './delivery';

/** The replies of several nodes, and what is to be said of them, as one text. */
export class Texts {
  readonly #record: ReplyRecord;
  #kind: RenderedReply['kind'] = 'value';

  constructor(args: readonly Buffer[], rendering: Rendering, onGrowth: (reply: KeptReply) => void) {
    this.#record = recordOf(args, rendering, onGrowth);
  }

  /** What is shown of it already stays, however it ends. */
  get large(): boolean {
    return isLarge(this.#record);
  }

  /** For a reply that begins; it is added, too, once it is there. */
  readonly begin = (notes: readonly string[]): ReplyReader => {
    for (const note of notes) this.note(note);
    return this.#record.reader();
  };

  add({ notes, reply, told }: Delivered, explanation: string | undefined): void {
    for (const note of notes) this.note(note);
    if (!told) this.#record.take(reply);
    if (explanation !== undefined) this.note(`-> ${explanation}`);
    this.#kind = reply.type === 'error' ? 'error' : 'value';
  }

  note(line: string): void {
    this.#record.note(line);
  }

  forget(): void {
    this.#record.forget();
  }

  done(ending: RenderedReply['ending'], elapsedMs: number): RenderedReply {
    return rendered(this.#record, { kind: this.#kind, ending, elapsedMs });
  }
}
