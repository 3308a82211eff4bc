import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import type { SsmSessionApi, SsmSessionGrant, SsmSessionRequest } from '../../../src/model/ssmSession';
import { AgentModel, handshakeRequest, json } from '../wire/ssm/agentModel';

export type Obstacle = 'none' | 'api' | 'connection' | 'upgrade' | 'request' | 'completion';

/** One stream at the agent's end; `onData` and `onEnd` are the target's behaviour. */
export interface AgentStream {
  readonly id: number;
  onData: (chunk: Buffer) => void;
  onEnd: () => void;
  send(chunk: Buffer): void;
  end(): void;
}

interface Session {
  readonly id: string;
  readonly agent: AgentModel;
  socket: WebSocket | undefined;
  token: string;
  readonly greetings: Record<string, unknown>[];
  readonly flags: number[];
  /** Signs of life: smux NOPs, and the texts of Size messages. */
  nops: number;
  readonly sizes: string[];
  terminated: number;
  over: boolean;
}

/** Session Manager in miniature: the calls of the API, one WebSocket per session, and an agent that multiplexes or not. */
export class FakeService implements SsmSessionApi {
  readonly sessions: Session[] = [];
  readonly requests: SsmSessionRequest[] = [];
  readonly streams: AgentStream[] = [];
  obstacle: Obstacle = 'none';
  agentVersion = '3.3.1142.0';
  properties: Record<string, string> = { host: 'cache.internal', portNumber: '6379', type: 'LocalPortForwarding' };
  /** Handshake actions besides the session type. */
  moreActions: unknown[] = [];
  /** What the account's administrators say in the handshake's last message. */
  customerMessage = '';
  streamUrl: string | undefined;
  resumes = 0;
  resumeFailures = 0;
  /** Called for each new stream of the multiplexed mode. */
  onStream: (stream: AgentStream) => void = () => {};
  /** Basic mode: what reaches the target. */
  onBasic: (chunk: Buffer, send: (reply: Buffer) => void) => void = () => {};
  readonly #http: Server = createServer();
  readonly #webSockets = new WebSocketServer({ noServer: true });
  #tick: NodeJS.Timeout | undefined;

  async listen(): Promise<this> {
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.obstacle === 'connection') {
        // Accepted and never answered.
        socket.on('error', () => {});
        socket.on('end', () => socket.destroy());
        socket.resume();
        return;
      }
      if (this.obstacle === 'upgrade') {
        socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#accept(webSocket, request.url ?? ''));
    });
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    this.#tick = setInterval(() => {
      for (const { agent, socket } of this.sessions) if (socket) agent.tick(performance.now());
    }, 50);
    return this;
  }

  get connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#http.getConnections((error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#tick);
    for (const client of this.#webSockets.clients) client.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  start(request: SsmSessionRequest, signal: AbortSignal): Promise<SsmSessionGrant> {
    this.requests.push(request);
    if (this.obstacle === 'api') {
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    }
    return Promise.resolve(this.#grant(this.#createSession()));
  }

  resume(_place: unknown, sessionId: string): Promise<SsmSessionGrant | undefined> {
    this.resumes++;
    if (this.resumeFailures > 0) {
      this.resumeFailures--;
      return Promise.reject(new Error('throttled'));
    }
    const session = this.sessions.find(({ id }) => id === sessionId);
    if (!session || session.over) return Promise.resolve(undefined);
    session.token = `token-${Math.random()}`;
    return Promise.resolve(this.#grant(session));
  }

  terminate(_place: unknown, sessionId: string): Promise<void> {
    const session = this.sessions.find(({ id }) => id === sessionId);
    if (session) session.terminated++;
    return Promise.resolve();
  }

  limits: SsmSessionApi['limits'] = () => Promise.resolve({});

  /** Never answers, unless a test replaces it. */
  dataKey: SsmSessionApi['dataKey'] = () => new Promise(() => {});

  #grant({ id, token }: Session): SsmSessionGrant {
    const { port } = this.#http.address() as AddressInfo;
    return { sessionId: id, tokenValue: token, streamUrl: this.streamUrl ?? `ws://127.0.0.1:${port}/v1/data-channel/${id}` };
  }

  #createSession(): Session {
    const agent = new AgentModel((bytes) => session.socket?.send(bytes));
    const session: Session = {
      id: `session-${this.sessions.length}`,
      agent,
      socket: undefined,
      token: `token-${Math.random()}`,
      greetings: [],
      flags: [],
      nops: 0,
      sizes: [],
      terminated: 0,
      over: false,
    };
    const parser = new AgentSmux(this, agent, () => session.nops++);
    agent.onInput = (payloadType, payload) => {
      if (payloadType === 6 && this.obstacle !== 'completion') agent.send(7, json({ HandshakeTimeToComplete: 1, CustomerMessage: this.customerMessage }), 0);
      else if (payloadType === 10) session.flags.push(payload.readUInt32BE(0));
      else if (payloadType === 3) session.sizes.push(payload.toString());
      else if (payloadType === 1 && this.properties['type']) parser.feed(payload);
      else if (payloadType === 1) this.onBasic(payload, (reply) => sendInPieces(agent, reply));
    };
    this.sessions.push(session);
    return session;
  }

  #accept(webSocket: WebSocket, url: string): void {
    const session = this.sessions.find(({ id }) => url.endsWith(`/${id}`))!;
    webSocket.on('error', () => {});
    webSocket.once('message', (greeting: Buffer) => {
      const fields = JSON.parse(greeting.toString()) as Record<string, unknown>;
      session.greetings.push(fields);
      if (fields['TokenValue'] !== session.token) {
        webSocket.close(1008);
        return;
      }
      session.socket = webSocket;
      webSocket.on('message', (bytes: Buffer) => {
        if (session.socket === webSocket) session.agent.receive(bytes);
      });
      if (session.greetings.length > 1) session.agent.resendAll(performance.now());
      else if (this.obstacle !== 'request') {
        const { agentVersion, properties, moreActions } = this;
        session.agent.send(5, handshakeRequest({ agentVersion, properties, moreActions }), performance.now());
      }
    });
  }
}

export function sendInPieces(agent: AgentModel, bytes: Buffer): void {
  for (let offset = 0; offset < bytes.length; offset += 1024) agent.send(1, bytes.subarray(offset, offset + 1024), performance.now());
}

/** The agent's end of smux version 1, by the facts. */
class AgentSmux {
  readonly #service: FakeService;
  readonly #agent: AgentModel;
  readonly #streams = new Map<number, AgentStream>();
  readonly #onNop: () => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(service: FakeService, agent: AgentModel, onNop: () => void) {
    this.#service = service;
    this.#agent = agent;
    this.#onNop = onNop;
  }

  feed(payload: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, payload]);
    while (this.#rest.length >= 8) {
      const end = 8 + this.#rest.readUInt16LE(2);
      if (this.#rest.length < end) return;
      const id = this.#rest.readUInt32LE(4);
      const body = this.#rest.subarray(8, end);
      const command = this.#rest[1];
      this.#rest = this.#rest.subarray(end);
      if (command === 3) this.#onNop();
      else if (command === 0) this.#open(id);
      else if (command === 2) this.#streams.get(id)?.onData(Buffer.from(body));
      else if (command === 1) {
        const stream = this.#streams.get(id);
        this.#streams.delete(id);
        stream?.onEnd();
      }
    }
  }

  #open(id: number): void {
    const header = (command: number, length: number): Buffer => {
      const bytes = Buffer.from([1, command, 0, 0, 0, 0, 0, 0]);
      bytes.writeUInt16LE(length, 2);
      bytes.writeUInt32LE(id, 4);
      return bytes;
    };
    const stream: AgentStream = {
      id,
      onData: () => {},
      onEnd: () => {},
      send: (chunk) => {
        for (let offset = 0; offset < chunk.length; offset += 32_768) {
          const piece = chunk.subarray(offset, offset + 32_768);
          sendInPieces(this.#agent, Buffer.concat([header(2, piece.length), piece]));
        }
      },
      end: () => {
        this.#streams.delete(id);
        sendInPieces(this.#agent, header(1, 0));
      },
    };
    this.#streams.set(id, stream);
    this.#service.streams.push(stream);
    this.#service.onStream(stream);
  }
}
