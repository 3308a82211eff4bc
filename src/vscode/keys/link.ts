import { asFault, describeFault, type Fault } from '../../base/fault';
import type { Logger } from '../../base/log';
import type { TunnelInfo } from '../../model/tunnel';
import type { GuardPorts, RedisSession } from '../../redis/types';
import type { KeysStatus } from '../../webview/protocol';
import { needsLogin, needsOtherLogin, openWithLogin, type SessionServices } from '../console/login';
import type { RedisLogins } from '../services';

export interface SessionLinkPorts {
  readonly services: SessionServices & { readonly logger: Logger };
  readonly logins: RedisLogins;
  readonly guard: GuardPorts;
  readonly onStatus: (status: KeysStatus, detail: string) => void;
  /** There is a session that was not there before. */
  readonly onSession: (session: RedisSession, signal: AbortSignal) => void;
}

/** The session of one page: opened, lost, opened again, and moved to another tunnel to the same place. */
export class SessionLink {
  readonly #ports: SessionLinkPorts;
  #tunnel: TunnelInfo;
  #session: RedisSession | undefined;
  /** Ends with the tunnel or the page; a new one begins with the next tunnel. */
  #life = new AbortController();
  #connecting: Promise<void> | undefined;
  #status: KeysStatus = 'connecting';
  #detail = '';
  #disposed = false;

  constructor(tunnel: TunnelInfo, ports: SessionLinkPorts) {
    this.#tunnel = tunnel;
    this.#ports = ports;
  }

  get tunnel(): TunnelInfo {
    return this.#tunnel;
  }

  get status(): { readonly status: KeysStatus; readonly detail: string } {
    return { status: this.#status, detail: this.#detail };
  }

  /** Ends with the session's tunnel, or with the page. */
  get signal(): AbortSignal {
    return this.#life.signal;
  }

  /** Opens the session where there is none; what goes wrong is its status. */
  connect(): Promise<void> {
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** The person wants it again. */
  async connectAgain(): Promise<void> {
    if (this.#status === 'tunnelClosed' || this.#disposed) return;
    const session = this.#session;
    if (session?.state !== 'lost') {
      if (!session) await this.connect();
      return;
    }
    try {
      await session.ping(this.#life.signal);
    } catch (error) {
      await this.failed(asFault(error));
    }
  }

  /** A lost session that cannot come back: with a new login it begins anew, else it says why. */
  async failed(fault: Fault): Promise<void> {
    if (this.#life.signal.aborted || this.#session?.state !== 'lost') return;
    if (!needsLogin(fault.code) && !needsOtherLogin(fault.code)) {
      this.#set('lost', describeFault(fault));
      return;
    }
    await this.#drop();
    if (needsLogin(fault.code)) await this.connect();
    else this.#set('failed', describeFault(fault));
  }

  /** For each change of any tunnel; whether it was the end of this one. */
  tunnelChanged(info: TunnelInfo): boolean {
    if (info.id !== this.#tunnel.id || info.state.phase !== 'closed' || this.#status === 'tunnelClosed') return false;
    this.#tunnel = info;
    this.#life.abort();
    this.#set('tunnelClosed', info.state.cause ? describeFault(info.state.cause) : '');
    void this.#drop();
    return true;
  }

  async moveTo(tunnel: TunnelInfo): Promise<void> {
    this.#life.abort();
    await this.#drop();
    await this.#connecting;
    if (this.#disposed) return;
    this.#tunnel = tunnel;
    this.#life = new AbortController();
    await this.connect();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#life.abort();
    await this.#drop();
    await this.#connecting;
  }

  async #open(): Promise<void> {
    const { services, logins, guard, onSession } = this.#ports;
    const { signal } = this.#life;
    const target = this.#tunnel.route.target.id;
    this.#set('connecting');
    try {
      const session = await openWithLogin(this.#tunnel, services, logins, guard, signal);
      if (signal.aborted) {
        await session.dispose();
        return;
      }
      this.#session = session;
      session.onDidChangeState((state) => {
        if (session === this.#session && state !== 'closed') this.#set(state);
      });
      this.#set('ready');
      services.logger.log('info', 'redis.keysConnected', { target });
      onSession(session, signal);
    } catch (error) {
      if (signal.aborted) return;
      const fault = asFault(error);
      services.logger.log('warn', 'redis.keysFailed', { target, code: fault.code, error: fault });
      this.#set('failed', describeFault(fault));
    }
  }

  async #drop(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.dispose();
  }

  #set(status: KeysStatus, detail = ''): void {
    if (this.#disposed) return;
    this.#status = status;
    this.#detail = detail;
    this.#ports.onStatus(status, detail);
  }
}
