import { timingSafeEqual } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Clock } from '../base/clock';
import { Fault } from '../base/fault';
import type { Logger } from '../base/log';
import { compareVersions } from '../model/bastion';
import type { WindowSettings } from './client';
import { MAX_FIRST_MESSAGE, MAX_MESSAGE } from './framing';
import type { BrokerHost } from './host';
import type { LogRing } from './logRing';
import type { EndReason, Hello, Welcome } from './protocol';
import { HELLO, PROTOCOL } from './protocol';
import { Rpc } from './rpc';
import { WindowConnection } from './windowConnection';

export interface ServerDeps {
  readonly token: string;
  /** Of the product. */
  readonly version: string;
  readonly host: BrokerHost;
  readonly ring: LogRing;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A window has come. */
  readonly onWindow: () => void;
  /** The last window has gone, whose settings these were. */
  readonly onWindowless: (settings: WindowSettings) => void;
  /** A window wants this broker to end at once. */
  readonly onReplace: (version: string) => void;
  /** A window of a newer version is there. */
  readonly onNewer: (version: string) => void;
}

/** How long a peer may take to prove who it is, ms. */
const HELLO_MS = 5_000;
/** How long a peer that was refused may take to read why, ms. */
const REFUSED_MS = 1_000;
/** Peers that have not done so yet, at most. */
const MAX_STRANGERS = 64;

/** Lets in windows that know the token, and nobody else. */
export class BrokerServer {
  readonly #deps: ServerDeps;
  readonly #server: Server;
  readonly #strangers = new Set<Socket>();
  readonly #windows = new Set<WindowConnection>();

  constructor(deps: ServerDeps) {
    this.#deps = deps;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** @throws the system's error when nobody can listen there */
  async listen(address: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(address, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#deps.logger.log('error', 'broker.serverFailed', { error }));
        resolve();
      });
    });
    // The folder keeps others out already; a pipe has no mode.
    if (process.platform !== 'win32') await chmod(address, 0o600);
  }

  /** Takes no more windows. */
  closeDoor(): void {
    this.#server.close();
    for (const socket of this.#strangers) socket.destroy();
  }

  /** Tells the windows that are there why this ends. Resolves when they have all gone. */
  async dismiss(reason: EndReason, successor?: string): Promise<void> {
    await Promise.all([...this.#windows].map((window) => window.ending(reason, successor)));
  }

  #accept(socket: Socket): void {
    const { clock, logger } = this.#deps;
    if (this.#strangers.size >= MAX_STRANGERS) {
      socket.destroy();
      return;
    }
    this.#strangers.add(socket);
    let known = false;
    const rpc = new Rpc(socket, () => (known ? MAX_MESSAGE : MAX_FIRST_MESSAGE), logger);
    const late = clock.schedule(HELLO_MS, () => {
      logger.log('warn', 'broker.noHello');
      socket.destroy();
    });
    const settle = (): void => {
      late.dispose();
      this.#strangers.delete(socket);
    };
    void rpc.closed.then(settle);
    rpc.onRequest(HELLO, async (hello) => {
      if (known) throw refused('It has said hello already.');
      if (!this.#isKnown(hello)) {
        logger.log('warn', 'broker.wrongToken');
        void rpc.left(REFUSED_MS);
        throw refused('The token is wrong.');
      }
      settle();
      return this.#welcome(hello, rpc, () => (known = true));
    });
    rpc.listen();
  }

  #isKnown({ token }: Hello): boolean {
    const given = Buffer.from(token);
    const own = Buffer.from(this.#deps.token);
    return given.length === own.length && timingSafeEqual(given, own);
  }

  #welcome(hello: Hello, rpc: Rpc, admit: () => void): Welcome {
    const { version, host, logger, onReplace, onNewer, onWindow, onWindowless } = this.#deps;
    const welcome = { protocol: PROTOCOL, version, pid: process.pid };
    if (hello.replace) {
      logger.log('info', 'broker.replaced', { by: hello.version });
      setImmediate(() => onReplace(hello.version));
      return welcome;
    }
    if (hello.protocol !== PROTOCOL) {
      void rpc.left(REFUSED_MS);
      throw incompatible(version, hello.version, host.tunnels.length);
    }
    admit();
    const window = new WindowConnection(rpc, hello, this.#deps);
    this.#windows.add(window);
    void rpc.closed.then(() => {
      this.#windows.delete(window);
      if (this.#windows.size === 0) onWindowless(window.settings);
    });
    // Events follow the answer.
    setImmediate(() => {
      if (!window.present) return;
      window.begin();
      onWindow();
      if (compareVersions(hello.version, version) > 0) onNewer(hello.version);
    });
    return welcome;
  }
}

function refused(message: string): Fault {
  return new Fault('broker.refused', `Sallyport's background process refused this window. ${message}`, {
    remedy: { text: 'Run "Sallyport: Restart Background Process".', action: 'restartBroker' },
  });
}

function incompatible(own: string, other: string, tunnels: number): Fault {
  return new Fault(
    'broker.incompatible',
    `A background process of Sallyport ${own} is running, which this version (${other}) cannot use; it has ${tunnels} open tunnels.`,
    { remedy: { text: 'Run "Sallyport: Restart Background Process"; its tunnels are closed then.', action: 'restartBroker' } },
  );
}
