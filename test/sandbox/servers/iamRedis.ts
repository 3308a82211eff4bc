// What AWS has before a cache whose users log in with IAM: it looks at tokens itself, and lets the real server do the rest.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Certificate } from './certificates';
import { startRedis } from './redis';

export interface IamRedisOptions {
  readonly certificate: Certificate;
  /** Ids of the users that log in with IAM. */
  readonly users: readonly string[];
  /** Why a token does not log the user in; undefined when it does. */
  readonly flaw: (token: string, user: string) => string | undefined;
}

export interface IamRedis {
  readonly port: number;
  /** Of each AUTH in order: the user, the token, and why it was refused. A wrong user, or a login of another kind, too. */
  readonly logins: { readonly user: string; readonly token: string; readonly flaw: string | undefined }[];
  /** Cuts every connection, as AWS does after 12 hours. */
  cut(): void;
  stop(): Promise<void>;
}

/** TLS only. @throws Error when redis-server is not installed */
export async function startIamRedis({ certificate, users, flaw }: IamRedisOptions): Promise<IamRedis> {
  const behind = randomBytes(24).toString('base64url');
  const rules = '~* &* +@all';
  const server = await startRedis({ password: behind, users: users.map((name) => ({ name, password: behind, rules })) });
  const logins: IamRedis['logins'] = [];
  const sockets = new Set<Socket>();
  const judge = (words: readonly string[]): readonly string[] => {
    const at = words[0]?.toUpperCase() === 'AUTH' ? 0 : words.findIndex((word, index) => index > 1 && word.toUpperCase() === 'AUTH');
    if (at < 0 || !/^(?:AUTH|HELLO)$/i.test(words[0] ?? '')) return words;
    const [user, token] = words.length - at === 2 ? ['default', words[at + 1]!] : [words[at + 1] ?? '', words[at + 2] ?? ''];
    const why = users.includes(user) ? flaw(token, user) : 'no such user';
    logins.push({ user, token, flaw: why });
    // The real server says WRONGPASS in its turn.
    return [...words.slice(0, at + 1), user, why === undefined ? behind : 'not-the-password'];
  };
  const [cert, key] = await Promise.all([readFile(certificate.certFile), readFile(certificate.keyFile)]);
  const listener = createServer({ cert, key }, (client) => {
    const far = connect({ host: server.host, port: server.port, noDelay: true });
    let held = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      for (let next = takeCommand(held); next; next = takeCommand(held)) {
        held = held.subarray(next.length);
        far.write(encoded(judge(next.words)), 'latin1');
      }
    });
    far.pipe(client);
    for (const [one, other] of [[client, far], [far, client]] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.once('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  listener.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => {
    listener.listen(0, '127.0.0.1', resolve);
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const stop = async (): Promise<void> => {
    const closed = new Promise((resolve) => {
      listener.close(resolve);
    });
    cut();
    await closed;
    await server.stop();
  };
  return { port: (listener.address() as AddressInfo).port, logins, cut, stop };
}

/** The first command as it stands on the wire, bytes as latin1; undefined while it is not complete. */
function takeCommand(bytes: Buffer): { readonly words: readonly string[]; readonly length: number } | undefined {
  const text = bytes.toString('latin1');
  const head = /^\*(\d+)\r\n/.exec(text);
  if (!head) return undefined;
  const words: string[] = [];
  let at = head[0].length;
  for (let left = Number(head[1]); left > 0; left--) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20));
    if (!size) return undefined;
    const from = at + size[0].length;
    const to = from + Number(size[1]);
    if (text.length < to + 2) return undefined;
    words.push(text.slice(from, to));
    at = to + 2;
  }
  return { words, length: at };
}

function encoded(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}
