import type { Event } from '../base/event';
import { Emitter } from '../base/event';
import type { LogFields, Logger, LogLevel } from '../base/log';
import { redact } from '../base/log';
import type { LogEntry } from './protocol';

/** What a new window gets to read of what was before it. */
const KEPT = 1000;
/** Characters of one entry's fields as JSON; longer ones lose them. */
const MAX_FIELDS = 16_384;

/** The broker's log: it has no place of its own, so the windows show it. Secrets are taken out on the way in. */
export class LogRing implements Logger {
  #entries: LogEntry[] = [];
  readonly #added = new Emitter<LogEntry>(() => {});

  readonly onDidAdd: Event<LogEntry> = this.#added.event;

  /** The last ones, oldest first. */
  get entries(): readonly LogEntry[] {
    return this.#entries.slice(-KEPT);
  }

  log(level: LogLevel, event: string, fields: LogFields = {}): void {
    const clean = redact(fields) as LogFields;
    const entry: LogEntry = { level, event, fields: fits(clean) ? clean : { cut: true } };
    this.#entries.push(entry);
    // Cut now and then, not at each entry.
    if (this.#entries.length > 2 * KEPT) this.#entries = this.#entries.slice(-KEPT);
    this.#added.fire(entry);
  }
}

function fits(fields: LogFields): boolean {
  try {
    return JSON.stringify(fields).length <= MAX_FIELDS;
  } catch {
    return false;
  }
}
