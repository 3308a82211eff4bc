import { cancelled, type Fault } from '../../base/fault';
import type { SshConnection } from './connection';

/** A share in a connection; the last one that is given back closes it. */
export interface Lease {
  readonly connection: SshConnection;
  /** Idempotent; resolves when the share is given back and, if it was the last, the connection is closed. */
  release(): Promise<void>;
}

interface Entry {
  shares: number;
  readonly opening: Promise<SshConnection>;
  readonly abort: AbortController;
}

/** Connections by what they lead to and how: any number of tunnels, and of hops behind a jump host, share one. */
export class ConnectionPool {
  readonly #entries = new Map<string, Entry>();

  /**
   * A share in the connection of that key, which is opened unless there is one. An opening ends with the last who waits for it.
   * @throws Fault what `open` throws, to all who wait; `operation.cancelled`
   */
  async lease(key: string, open: (signal: AbortSignal) => Promise<SshConnection>, signal: AbortSignal): Promise<Lease> {
    if (signal.aborted) throw cancelled();
    let entry = this.#entries.get(key);
    if (!entry) {
      const abort = new AbortController();
      entry = { shares: 0, abort, opening: open(abort.signal) };
      this.#entries.set(key, entry);
      this.#watch(key, entry);
    }
    const own = entry;
    own.shares++;
    const release = this.#release(key, own);
    try {
      const connection = await orAbort(own.opening, signal);
      return { connection, release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  #release(key: string, entry: Entry): () => Promise<void> {
    let released: Promise<void> | undefined;
    const release = async (): Promise<void> => {
      if (--entry.shares > 0) return;
      this.#forget(key, entry);
      entry.abort.abort();
      const connection = await entry.opening.catch(() => undefined);
      await connection?.dispose();
    };
    return () => (released ??= release());
  }

  /** Whoever comes after a failure or an end gets a new connection. */
  #watch(key: string, entry: Entry): void {
    const forget = (): void => this.#forget(key, entry);
    entry.opening.then((connection) => connection.closed.then(forget), forget);
  }

  #forget(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }
}

function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(cancelled() satisfies Fault);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
