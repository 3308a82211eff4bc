import type { InputTree } from './services/protocol/input';

/** One API request as it was answered. Holds no credential and no token of a session. */
export interface LoggedRequest {
  readonly service: string;
  readonly action: string;
  readonly region: string;
  /** ARN of the caller; absent when the request was not authenticated. */
  readonly principal?: string;
  readonly params: InputTree;
  readonly status: number;
  /** AWS's error code, when it failed. */
  readonly errorCode?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const SECRETS = new Set(['TokenCode', 'TokenValue', 'WebIdentityToken']);

/** What was asked of the sandbox, oldest first. */
export class RequestLog {
  readonly #entries: LoggedRequest[] = [];

  add(entry: LoggedRequest): void {
    const params = Object.fromEntries(Object.entries(entry.params).filter(([name]) => !SECRETS.has(name)));
    this.#entries.push({ ...entry, params });
  }

  all(): readonly LoggedRequest[] {
    return [...this.#entries];
  }

  /** The requests for one service, or for one of its actions. */
  of(service: string, action?: string): LoggedRequest[] {
    return this.#entries.filter((entry) => entry.service === service && entry.action === (action ?? entry.action));
  }

  clear(): void {
    this.#entries.length = 0;
  }
}
