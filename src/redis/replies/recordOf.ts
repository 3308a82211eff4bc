import { isReport } from '../commands';
import type { ReplyStyle } from '../render';
import type { RenderedReply } from '../types';
import { shapeOf } from '../views/shapes';
import { isLarge } from './rendered';
import { ReplyRecord } from './replyRecord';
import type { ReplyShelf } from './replyShelf';
import type { KeptReply } from './types';

/** How the replies of a session become texts. */
export interface Rendering {
  /** Longest text of one reply, UTF-16 units. */
  readonly maxChars: number;
  /** Of replies that are no reports. */
  readonly style: ReplyStyle;
  readonly shelf: ReplyShelf;
  /** Whether what the server says by itself is told beside them. */
  readonly pushes: boolean;
}

/** For the replies of one line. `onGrowth`: for those that are large. */
export function recordOf(args: readonly Buffer[], { style, maxChars, shelf }: Omit<Rendering, 'pushes'>, onGrowth: (reply: KeptReply) => void): ReplyRecord {
  return new ReplyRecord({
    shape: shapeOf(args),
    style: isReport(args) ? 'report' : style,
    maxChars,
    shelf,
    onGrowth: (reply) => {
      if (isLarge(reply)) onGrowth(reply);
    },
  });
}

/** What is handed over of a record to which nothing more comes. */
export function rendered(record: ReplyRecord, { kind, ending, elapsedMs }: Pick<RenderedReply, 'kind' | 'ending' | 'elapsedMs'>): RenderedReply {
  record.settle(ending === 'whole');
  const { truncated } = record;
  const large = isLarge(record);
  return { kind, text: large ? '' : record.text, large, truncated, ending, elapsedMs, reply: record };
}
