// The real servers behind the sandbox's private host names.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from './certificates';
import { watchForDeath } from './deathWatch';
import type { RedisServer, RedisUser } from './redis';
import { startRedis } from './redis';

export type { RedisServer, RedisUser } from './redis';

export interface ServersOptions {
  /** DNS names in the certificate of `tls`: the private endpoints that lead to it. Wildcards cover one label. */
  readonly tlsNames?: readonly [string, ...string[]];
  /** DNS names in the certificate of `wrongName`: anything but the endpoints that lead to it. */
  readonly wrongNames?: readonly [string, ...string[]];
  /** AUTH token of `tls`; random when absent. */
  readonly password?: string;
  /** Users of `plain` besides the default one, which needs no password. */
  readonly users?: readonly RedisUser[];
}

export interface Servers {
  /** No TLS, no login. */
  readonly plain: RedisServer;
  /** TLS and AUTH. */
  readonly tls: RedisServer & { readonly password: string };
  /** TLS without login, under a certificate for another host name. */
  readonly wrongName: RedisServer;
  /** PEM of the authority that signed both certificates. */
  readonly caFile: string;
  /** Stops all and removes every file; idempotent. */
  stop(): Promise<void>;
}

/** @throws Error naming what is missing (redis-server, openssl); nothing is left running then. */
export async function startServers(options: ServersOptions = {}): Promise<Servers> {
  const { tlsNames = ['tls.sandbox.internal'], wrongNames = ['another-host.sandbox.internal'] } = options;
  const password = options.password ?? randomBytes(24).toString('base64url');
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-servers-'));
  const watch = watchForDeath(directory);
  const started: RedisServer[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await Promise.all(started.map((server) => server.stop()));
      await rm(directory, { recursive: true, force: true });
      await watch.release();
    })();
    return stopping;
  };
  const start = async (...args: Parameters<typeof startRedis>): Promise<RedisServer> => {
    const server = await startRedis(...args);
    started.push(server);
    return server;
  };
  try {
    const authority = await CertificateAuthority.create(directory);
    const { caFile } = authority;
    const right = await authority.issue(tlsNames);
    const wrong = await authority.issue(wrongNames);
    const all = await Promise.allSettled([
      start(options.users ? { users: options.users } : {}),
      start({ tls: { certificate: right, caFile }, password }),
      start({ tls: { certificate: wrong, caFile } }),
    ]);
    const [plain, tls, wrongName] = all.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    }) as [RedisServer, RedisServer, RedisServer];
    return { plain, tls: { ...tls, password }, wrongName, caFile, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
