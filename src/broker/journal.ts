import { open, readFile, rename, unlink } from 'node:fs/promises';
import type { Logger } from '../base/log';
import type { SsmSessionRequest } from '../model/ssmSession';
import type { GroupLedger, ProcessGroup } from '../transport/processGroup';
import type { Ledger } from './client';
import type { ProcessIdentity } from './processIdentity';
import { identify } from './processIdentity';
import { integer, list, maybe, shape, text } from './shapes';

type Place = SsmSessionRequest['place'];

/** A session that was started and is not known to have ended. */
export interface OpenSession {
  readonly place: Place;
  readonly id: string;
  /** When it was started, ms since the epoch. */
  readonly at: number;
}

interface Content {
  readonly sessions: readonly OpenSession[];
  readonly groups: readonly ProcessIdentity[];
}

const MAX_ENTRIES = 1000;
/** No session lives longer (Session Manager's longest maximum duration). */
const MAX_AGE_MS = 24 * 60 * 60_000;

const contentShape = shape<Content>({
  sessions: list(
    shape<OpenSession>({ place: shape<Place>({ profile: text, region: text }), id: text, at: integer(0, Number.MAX_SAFE_INTEGER) }),
    MAX_ENTRIES,
  ),
  groups: list(shape<ProcessIdentity>({ pid: integer(2, Number.MAX_SAFE_INTEGER), started: maybe(text) }), MAX_ENTRIES),
});

/**
 * What would outlive this process if it were killed, in a file that the next one reads: sessions at the service and groups of
 * processes. Tunnels never wait for it, and work without it.
 */
export class Journal implements Ledger, GroupLedger {
  readonly #file: string;
  readonly #logger: Logger;
  readonly #wall: () => number;
  readonly #sessions = new Map<string, OpenSession>();
  readonly #groups = new Map<number, ProcessIdentity>();
  #writing: Promise<void> | undefined;
  #stale = false;
  #failed = false;
  #closed = false;

  /** @param wall ms since the epoch */
  constructor(file: string, logger: Logger, wall: () => number) {
    this.#file = file;
    this.#logger = logger;
    this.#wall = wall;
  }

  /** What the one before has left. Its sessions stay in the journal until they have ended; its groups are not taken over. Never rejects. */
  async takeOver(): Promise<Content> {
    const content = await this.#read();
    const sessions = content.sessions.filter(({ at }) => this.#wall() - at < MAX_AGE_MS);
    for (const session of sessions) this.#sessions.set(session.id, session);
    if (content.sessions.length + content.groups.length > 0) this.#write();
    return { sessions, groups: content.groups };
  }

  sessionStarted(place: Place, id: string): void {
    this.#sessions.set(id, { place: { profile: place.profile, region: place.region }, id, at: this.#wall() });
    this.#write();
  }

  sessionEnded(id: string): void {
    if (this.#sessions.delete(id)) this.#write();
  }

  groupStarted(pid: number): void {
    this.#groups.set(pid, { pid });
    // Known by its number alone until then, which the reader takes for the same only while nobody else has it.
    void identify(pid).then((identity) => {
      if (!identity || !this.#groups.has(pid)) return;
      this.#groups.set(pid, identity);
      this.#write();
    });
  }

  groupEnded(pid: number): void {
    if (this.#groups.delete(pid)) this.#write();
  }

  /** Leaves the file to somebody else. */
  close(): void {
    this.#closed = true;
  }

  /** Resolves when the file says what is known, or cannot be written. */
  async settled(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** One write at a time; what changes during one is in the next. */
  #write(): void {
    if (this.#closed) return;
    this.#stale = true;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  async #writeAll(): Promise<void> {
    while (this.#stale) {
      this.#stale = false;
      try {
        await this.#replace();
        this.#failed = false;
      } catch (error) {
        if (!this.#failed) this.#logger.log('warn', 'journal.notWritten', { error });
        this.#failed = true;
      }
    }
  }

  async #replace(): Promise<void> {
    if (this.#sessions.size + this.#groups.size === 0) {
      await unlink(this.#file).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
      return;
    }
    const content: Content = {
      sessions: [...this.#sessions.values()].slice(-MAX_ENTRIES),
      groups: [...this.#groups.values()].slice(-MAX_ENTRIES),
    };
    const draft = `${this.#file}.draft`;
    const handle = await open(draft, 'w', 0o600);
    try {
      await handle.writeFile(JSON.stringify(content));
    } finally {
      await handle.close();
    }
    await rename(draft, this.#file);
  }

  async #read(): Promise<Content> {
    const nothing: Content = { sessions: [], groups: [] };
    try {
      const content: unknown = JSON.parse(await readFile(this.#file, 'utf8'));
      if (contentShape(content)) return content;
      throw new Error('not a journal');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return nothing;
      this.#logger.log('warn', 'journal.unreadable', { error });
      await rename(this.#file, `${this.#file}.unreadable`).catch(() => {});
      return nothing;
    }
  }
}

/**
 * Kills what a broker that is gone has left running. A number that somebody else has by now is left alone; one that nobody has
 * may still be that of a group, and is not given away as long as it is (the kernel keeps it).
 */
export async function killLeftGroups(groups: readonly ProcessIdentity[], group: ProcessGroup, logger: Logger): Promise<void> {
  for (const { pid, started } of groups) {
    const now = await identify(pid);
    if (now && (started === undefined || now.started !== started)) continue;
    logger.log('info', 'broker.leftGroupKilled', { pid });
    group.signal(pid, 'SIGKILL');
  }
}
