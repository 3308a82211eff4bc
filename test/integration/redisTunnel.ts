import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { RespDecoder } from '../../src/wire/resp';

/** Stands for a tunnel: a local port that leads to a server, can be cut and led elsewhere, and records what clients send. */
export class FakeTunnel {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  #to: number;
  /** Client connections that are open. */
  clients = 0;
  sent = '';

  private constructor(to: number) {
    this.#to = to;
    this.#listener = createServer((client) => this.#relay(client));
  }

  static async to(port: number): Promise<FakeTunnel> {
    const tunnel = new FakeTunnel(port);
    await new Promise<void>((resolve) => {
      tunnel.#listener.listen(0, '127.0.0.1', resolve);
    });
    return tunnel;
  }

  get local(): { host: string; port: number } {
    return { host: '127.0.0.1', port: (this.#listener.address() as AddressInfo).port };
  }

  /** Resets what is open; new connections still work. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  lead(to: number): void {
    this.#to = to;
  }

  async dispose(): Promise<void> {
    this.cut();
    await new Promise((resolve) => {
      this.#listener.close(resolve);
    });
  }

  #relay(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: this.#to });
    this.clients++;
    client.once('close', () => this.clients--);
    client.on('data', (chunk) => {
      this.sent += chunk.toString('latin1');
    });
    for (const [one, other] of [[client, server], [server, client]] as const) {
      this.#sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}

/** A server that answers each command, whose words are joined by a space, as it is told; `+OK` by itself. */
export async function answeringServer(answer: (command: string) => string | undefined): Promise<{ port: number; dispose: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const decoder = new RespDecoder();
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      for (const command of decoder.push(chunk)) {
        const words = command.type === 'array' ? command.items.map((item) => (item.type === 'bulk' ? item.bytes.toString('latin1') : '')) : [];
        socket.write(answer(words.join(' ')) ?? '+OK\r\n', 'latin1');
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    dispose: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** A server that answers the n-th piece of what a client sends with the n-th of `answers`, the last one over and over, or by what it is. */
export async function scriptedServer(answers: readonly string[] | ((sent: string) => string)): Promise<{ port: number; dispose: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let next = 0;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (sent) => {
      const answer = typeof answers === 'function' ? answers(sent.toString('latin1')) : answers[Math.min(next++, answers.length - 1)];
      if (answer) socket.write(answer, 'latin1');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    dispose: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
