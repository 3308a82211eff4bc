// An HTTP proxy that knows CONNECT alone and is strict about it, with the bad manners of real ones on request.
import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

export interface ProxyOptions {
  /** PEM; with them the proxy itself speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The port on 127.0.0.1 that an authority leads to; undefined is answered with 502. */
  readonly route: (host: string, port: number) => number | undefined;
}

export interface ConnectRequest {
  readonly authority: string;
  /** `user:password`, when one was sent. */
  readonly login: string | undefined;
}

export interface SandboxProxy {
  readonly port: number;
  /** What has been asked for, in order; refused requests too. */
  readonly requests: ConnectRequest[];
  /** What a strict proxy would not have understood. */
  readonly violations: string[];
  /** Connections open now. */
  readonly connections: number;
  /** `user:password` that is demanded from now on; undefined: none. */
  login: string | undefined;
  /** What is said to whoever lacks it. */
  challenges: readonly string[];
  /** Answers a request instead of connecting; undefined: connect. */
  answer: ((socket: Socket) => void) | undefined;
  /** Destroys every connection. */
  cut(): void;
  close(): Promise<void>;
}

const HEADERS: ReadonlySet<string> = new Set(['host', 'proxy-authorization', 'user-agent', 'proxy-connection']);
const MAX_REQUEST_BYTES = 8 * 1024;

export async function startProxy({ tls, route }: ProxyOptions): Promise<SandboxProxy> {
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    socket.setNoDelay(true);
    own(sockets, socket);
    readRequest(socket, proxy.violations, (lines) => handle(socket, lines));
  };
  const handle = (socket: Socket, [first = '', ...fields]: readonly string[]): void => {
    const authority = /^CONNECT (\S+) HTTP\/1\.1$/.exec(first)?.[1];
    const [, host, port] = /^(\[[\da-f:.]+\]|[^:[\]]+):(\d{1,5})$/i.exec(authority ?? '') ?? [];
    if (authority === undefined || host === undefined) {
      proxy.violations.push(first);
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      return;
    }
    const headers = new Map(fields.map((field) => [field.split(':')[0]!.toLowerCase(), field.replace(/^[^:]*:\s*/, '')]));
    for (const name of headers.keys()) if (!HEADERS.has(name)) proxy.violations.push(`header ${name}`);
    if (headers.get('host') !== authority) proxy.violations.push(`host ${headers.get('host')} for ${authority}`);
    const basic = /^Basic ([A-Za-z0-9+/]+={0,2})$/.exec(headers.get('proxy-authorization') ?? '')?.[1];
    const login = basic === undefined ? undefined : Buffer.from(basic, 'base64').toString('utf8');
    proxy.requests.push({ authority, login });
    if (proxy.login !== undefined && login !== proxy.login) {
      const challenges = proxy.challenges.map((challenge) => `Proxy-Authenticate: ${challenge}\r\n`).join('');
      socket.end(`HTTP/1.1 407 Proxy Authentication Required\r\n${challenges}Content-Length: 4\r\n\r\nnope`);
    } else if (proxy.answer) {
      proxy.answer(socket);
    } else {
      join(sockets, socket, route(host.replace(/^\[|\]$/g, ''), Number(port)));
    }
  };
  const server: Server = tls ? createTlsServer(tls, serve) : createServer(serve);
  // A client that does not trust us ends the handshake.
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: SandboxProxy = {
    port: (server.address() as { port: number }).port,
    requests: [],
    violations: [],
    get connections() {
      return sockets.size;
    },
    login: undefined,
    challenges: ['Basic realm="sandbox"'],
    answer: undefined,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        proxy.cut();
      }),
  };
  return proxy;
}

function own(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket)).on('error', () => {});
}

/** The lines of the header; whoever sends on before the answer breaks the rule. */
function readRequest(socket: Socket, violations: string[], then: (lines: readonly string[]) => void): void {
  let held = '';
  const onData = (chunk: Buffer): void => {
    held += chunk.toString('latin1');
    const end = held.indexOf('\r\n\r\n');
    if (end < 0 && held.length <= MAX_REQUEST_BYTES) return;
    // Goes on flowing, into nothing, unless it is joined to the far side: its end would not be seen else.
    socket.removeListener('data', onData);
    if (end < 0 || held.length > end + 4) violations.push('more than a header before the answer');
    then(held.slice(0, Math.max(end, 0)).split('\r\n'));
  };
  socket.on('data', onData);
}

function join(sockets: Set<Socket>, client: Socket, port: number | undefined): void {
  if (port === undefined) {
    client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  client.pause();
  const far = connect({ host: '127.0.0.1', port, noDelay: true });
  own(sockets, far);
  far.once('connect', () => {
    client.write('HTTP/1.1 200 Connection established\r\nVia: 1.1 sandbox\r\n\r\n');
    client.pipe(far).pipe(client);
    client.resume();
  });
  far.once('close', () => client.destroy());
  client.once('close', () => far.destroy());
}
