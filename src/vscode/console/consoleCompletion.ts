import { asFault, isCancelled } from '../../base/fault';
import type { Logger } from '../../base/log';
import type { Completion, CompletionCandidate, RedisSession } from '../../redis/types';
import type { CompletionMessage, ToHost } from '../../webview/protocol';

type Request = Extract<ToHost, { type: 'complete' }>;

/** Answers what the page asks for while somebody types: at once with what is known, and once more with the names of keys. */
export class ConsoleCompletion {
  readonly #post: (message: CompletionMessage) => void;
  readonly #logger: Logger;
  #latest: AbortController | undefined;

  constructor(post: (message: CompletionMessage) => void, logger: Logger) {
    this.#post = post;
    this.#logger = logger;
  }

  /** `withKeys`: whether the connection is free for them. A later request ends this one. */
  async answer({ id, line, cursor, explicit }: Request, session: RedisSession | undefined, withKeys: boolean): Promise<void> {
    this.cancel();
    if (!session) {
      this.#post(messageOf(id, { from: 0, candidates: [], hint: '' }, []));
      return;
    }
    const latest = new AbortController();
    this.#latest = latest;
    try {
      const completion = session.complete(line, cursor);
      this.#post(messageOf(id, completion, completion.candidates));
      const keys = withKeys ? await session.completeKeys(line, cursor, explicit, latest.signal) : [];
      if (keys.length > 0 && !latest.signal.aborted) this.#post(messageOf(id, completion, [...keys, ...completion.candidates]));
    } catch (error) {
      const fault = asFault(error);
      // Nobody waits for it: what is wrong shows at the next command.
      if (!isCancelled(fault)) this.#logger.log('debug', 'redis.completionFailed', { code: fault.code });
    }
  }

  cancel(): void {
    this.#latest?.abort();
    this.#latest = undefined;
  }
}

function messageOf(id: number, { from, hint, about }: Completion, candidates: readonly CompletionCandidate[]): CompletionMessage {
  return { type: 'completion', id, from, candidates: candidates.slice(0, 200), hint, about: about ? { deprecated: null, ...about } : null };
}
