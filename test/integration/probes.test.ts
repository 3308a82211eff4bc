// Probes against real servers (PostgreSQL, MariaDB, memcached, Node's HTTPS) and against recorded answers for the rest,
// each through a session of the sandbox's Session Manager and over plain TCP.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { systemClock } from '../../src/base/clock';
import { isFault } from '../../src/base/fault';
import type { Endpoint } from '../../src/model/endpoint';
import type { Health } from '../../src/model/health';
import type { Link } from '../../src/model/link';
import type { AuthMode, TlsMode } from '../../src/model/target';
import { targetProbe } from '../../src/tunnel/probe';
import { FakeLink } from '../fixtures/fakeTransport';
import { eventually } from '../fixtures/eventually';
import { ANSWERS } from '../fixtures/probeAnswers';
import { tcpServer, type TcpServer } from '../fixtures/tcpServer';
import { requireProgram } from '../provision/systemPrograms';
import { CertificateAuthority } from '../sandbox/servers/certificates';
import { startMariadb, startMemcached, startPostgres, type DatabaseServer } from '../sandbox/servers/databases';
import { never, SsmServiceBench } from './ssmServiceBench';

const HOST = 'db.sandbox.internal';
const MB = 1_000_000;

/** Engines by the protocol that their probe speaks, with the code for another one. */
const ENGINES: readonly (readonly [engine: string, answer: string, code: string])[] = [
  ['valkey', 'Redis', 'target.notRedis'],
  ['postgres', 'PostgreSQL', 'target.notPostgres'],
  ['aurora-mysql', 'MySQL', 'target.notMysql'],
  ['memcached', 'memcached', 'target.notMemcached'],
  ['docdb', 'MongoDB', 'target.notMongo'],
  ['sqlserver-se', 'SQL Server', 'target.notSqlServer'],
  ['oracle-ee', 'Oracle', 'target.notOracle'],
  ['kafka', 'Kafka', 'target.notKafka'],
  ['opensearch', 'HTTP', 'target.notHttp'],
];

interface Case {
  readonly engine: string;
  readonly tls?: TlsMode;
  readonly auth?: AuthMode;
  readonly port: number;
  readonly host?: string;
  readonly ca?: string | undefined;
  readonly timeoutMs?: number;
}

for (const way of ['Session Manager', 'TCP'] as const) {
  describe(`probes through ${way}`, function () {
    this.timeout(30_000);
    let directory: string;
    let ca: string;
    let bench: SsmServiceBench;
    let securePostgres: DatabaseServer;
    let postgres: DatabaseServer;
    let mariadb: DatabaseServer;
    let memcached: DatabaseServer;
    let secure: tls.SecureContextOptions;
    const fakes: TcpServer[] = [];
    const tlsServers: Server[] = [];

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'sallyport-probes-'));
      const authority = await CertificateAuthority.create(directory);
      ca = await readFile(authority.caFile, 'utf8');
      const certificate = await authority.issue([HOST]);
      secure = { cert: await readFile(certificate.certFile), key: await readFile(certificate.keyFile) };
      securePostgres = await startPostgres(requireProgram('postgres'), certificate);
      postgres = await startPostgres(requireProgram('postgres'));
      mariadb = await startMariadb(requireProgram('mariadbd'));
      memcached = await startMemcached(requireProgram('memcached'));
      bench = await new SsmServiceBench().listen();
    });

    afterEach(async () => {
      for (const server of fakes.splice(0)) {
        await eventually(() => server.sockets.size === 0, 'the probe to leave no connection');
        await server.close();
      }
      for (const server of tlsServers.splice(0)) await new Promise((resolve) => server.close(resolve));
    });

    after(async () => {
      await bench.close();
      await Promise.all([securePostgres, postgres, mariadb, memcached].map((server) => server.stop()));
      await rm(directory, { recursive: true, force: true });
    });

    async function fake(behave: (socket: Socket) => void): Promise<number> {
      const server = await tcpServer((socket) => {
        // As real servers do: an end is noticed, and answered with an end.
        socket.on('end', () => socket.end());
        behave(socket);
        socket.resume();
      });
      fakes.push(server);
      return server.address.port;
    }

    /** Answers everything that comes with the same. */
    const answering = (answer: Buffer) => (socket: Socket) => void socket.on('data', () => socket.write(answer));

    async function listening(server: Server): Promise<number> {
      tlsServers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return (server.address() as AddressInfo).port;
    }

    const tlsServer = (behave: (socket: Socket) => void): Promise<number> =>
      listening(tls.createServer(secure, (socket) => behave(socket.on('error', () => {}))).on('tlsClientError', () => {}));

    async function dial(to: Endpoint): Promise<Link> {
      if (way === 'TCP') return new FakeLink(() => ({ host: '127.0.0.1', port: to.port }));
      bench.hosts.set(`${to.host}:${to.port}`, { kind: 'server', host: '127.0.0.1', port: to.port });
      return bench.dial(to);
    }

    async function probe({ engine, port, host = HOST, tls: mode = 'off', auth = 'none', ca: trusted = ca, timeoutMs = 5000 }: Case): Promise<Health> {
      const endpoint = { host, port };
      const route = bench.route(endpoint);
      const link = await dial(endpoint);
      try {
        const ask = targetProbe({ clock: systemClock, targetCa: () => Promise.resolve(trusted), timeoutMs });
        return await ask(link, { ...route, target: { ...route.target, engine, tls: mode, auth } }, never);
      } finally {
        await link.dispose();
      }
    }

    const healthy = (health: Health, detail?: RegExp): void => {
      assert.equal(health.level, 'ok', health.detail);
      assert.ok(health.latencyMs! > 0 && health.latencyMs! < 5000, String(health.latencyMs));
      if (detail) assert.match(health.detail ?? '', detail);
      else assert.equal(health.detail, undefined);
    };

    const fails = async (one: Case, code: string | RegExp): Promise<void> => {
      await assert.rejects(probe(one), (error) => {
        assert.ok(isFault(error), String(error));
        if (typeof code === 'string') assert.equal(error.code, code, error.message);
        else assert.match(error.code, code);
        assert.ok(error.remedy, 'a next step');
        return true;
      });
    };

    it('pass with a PostgreSQL server, with TLS and without', async () => {
      healthy(await probe({ engine: 'aurora-postgresql', tls: 'required', port: securePostgres.port }));
      healthy(await probe({ engine: 'postgres', tls: 'preferred', port: securePostgres.port }));
      healthy(await probe({ engine: 'postgres', tls: 'preferred', port: postgres.port }));
      const refusing = await probe({ engine: 'POSTGRESQL', tls: 'required', port: postgres.port });
      assert.deepEqual([refusing.level, /refuses TLS/.test(refusing.detail!)], ['degraded', true]);
    });

    it('let the certificate of a PostgreSQL server decide only where TLS is required', async () => {
      const untrusting = { engine: 'postgres', port: securePostgres.port, ca: '' };
      healthy(await probe({ ...untrusting, tls: 'preferred' }), /authority that is not trusted/);
      await fails({ ...untrusting, tls: 'required' }, 'target.tlsUntrusted');
      await fails({ ...untrusting, tls: 'required', ca, host: 'other.internal' }, 'target.tlsNameMismatch');
    });

    it('leave nothing in the log of a PostgreSQL server', async () => {
      const before = [await securePostgres.log(), await postgres.log()];
      for (const trusted of [ca, '']) await probe({ engine: 'postgres', tls: 'preferred', port: securePostgres.port, ca: trusted });
      await probe({ engine: 'postgres', tls: 'preferred', port: postgres.port });
      // What comes into the log at all is there with the next line that is sure to come.
      await fails({ engine: 'redis', port: securePostgres.port }, /^target\./);
      await eventually(async () => (await securePostgres.log()) !== before[0], 'the log of what is no PostgreSQL');
      const added = (await securePostgres.log()).slice(before[0]!.length).trim().split('\n');
      assert.equal(added.length, 1, added.join('\n'));
      assert.match(added[0]!, /invalid length of startup packet/);
      assert.equal(await postgres.log(), before[1]);
    });

    it('pass with a MariaDB server by its greeting alone', async () => {
      healthy(await probe({ engine: 'mariadb', tls: 'preferred', port: mariadb.port }));
    });

    it('pass with a memcached, with TLS and without', async () => {
      healthy(await probe({ engine: 'memcached', port: memcached.port }));
      const port = await tlsServer((socket) => answering(ANSWERS['memcached']!)(socket));
      healthy(await probe({ engine: 'memcached', tls: 'required', port }));
      await fails({ engine: 'memcached', tls: 'required', port, ca: '' }, 'target.tlsUntrusted');
      await fails({ engine: 'memcached', tls: 'off', port }, 'target.closedConnection');
      const alert = Buffer.from([0x15, 0x03, 0x03, 0, 2, 2, 70]);
      await fails({ engine: 'memcached', tls: 'off', port: await fake(answering(alert)) }, 'target.tlsRequired');
    });

    it('pass with an HTTPS server whatever it answers, under its own name', async () => {
      const asked: string[] = [];
      const port = await listening(
        createHttpsServer(secure, (request, response) => {
          asked.push(`${request.method} ${request.url} ${request.headers.host}`);
          response.writeHead(403).end('no');
        }),
      );
      healthy(await probe({ engine: 'neptune', tls: 'required', port }));
      healthy(await probe({ engine: 'opensearch', tls: 'required', port }));
      assert.deepEqual(asked, [`GET /status ${HOST}:${port}`, `HEAD / ${HOST}:${port}`]);
      healthy(await probe({ engine: 'RabbitMQ', tls: 'required', port }));
      await fails({ engine: 'RabbitMQ', tls: 'required', port, ca: '' }, 'target.tlsUntrusted');
    });

    it('find out whether a DocumentDB cluster speaks TLS when nobody knows', async () => {
      const securely = await tlsServer((socket) => answering(ANSWERS['MongoDB']!)(socket));
      healthy(await probe({ engine: 'docdb', tls: 'preferred', port: securely }));
      healthy(await probe({ engine: 'docdb', tls: 'preferred', port: securely, ca: '' }), /authority that is not trusted/);
      await fails({ engine: 'docdb', tls: 'required', port: securely, ca: '' }, 'target.tlsUntrusted');
      const plainly = await fake((socket) => {
        socket.on('data', (request: Buffer) => (request[0] === 0x16 ? socket.end() : socket.write(ANSWERS['MongoDB']!)));
      });
      healthy(await probe({ engine: 'docdb', tls: 'preferred', port: plainly }));
    });

    for (const [engine, name, code] of ENGINES) {
      it(`pass with a recorded answer of ${name}, in one piece and byte by byte`, async () => {
        const answer = ANSWERS[name]!;
        const atOnce = await fake(name === 'MySQL' ? (socket) => void socket.write(answer) : answering(answer));
        healthy(await probe({ engine, port: atOnce }));
        const slowly = await fake((socket) => {
          const drip = async (): Promise<void> => {
            for (const byte of answer) {
              if (socket.destroyed) return;
              socket.write(Buffer.from([byte]));
              await new Promise((resolve) => setImmediate(resolve));
            }
          };
          if (name === 'MySQL') void drip();
          else socket.on('data', () => void drip());
        });
        healthy(await probe({ engine, port: slowly }));
      });

      it(`say what answers ${engine} in another protocol, or in none`, async () => {
        const greeting = await fake((socket) => {
          socket.write('220 smtp.internal ESMTP ready\r\n');
          socket.on('data', () => socket.write('500 what?\r\n'));
        });
        await fails({ engine, port: greeting }, code);
        const noise = await fake((socket) => void socket.write(Buffer.concat([Buffer.from([0x80]), randomBytes(4000)])));
        await fails({ engine, port: noise }, code);
      });

      it(`fail with a silent ${name} server, with one that is gone at once, and with none`, async () => {
        const silent = await fake(() => {});
        await fails({ engine, port: silent, timeoutMs: 200 }, 'target.unreachable');
        const closing = await fake((socket) => void socket.end());
        await fails({ engine, port: closing }, 'target.closedConnection');
        await fails({ engine, port: await freePort() }, way === 'TCP' ? 'target.closedConnection' : 'ssm.connectFailed');
      });
    }

    it("pass with a server that wants its client's certificate, whenever it says so", async () => {
      const wanting = { engine: 'kafka', tls: 'required', auth: 'certificate' } as const;
      const { cert, key } = secure;
      const after = await listening(
        tls.createServer({ cert, key, requestCert: true, rejectUnauthorized: true }, () => {}).on('tlsClientError', () => {}),
      );
      healthy(await probe({ ...wanting, port: after }));
      const within = await fake((socket) => void socket.once('data', () => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, 42]))));
      healthy(await probe({ ...wanting, port: within }), /asks for its client's certificate/);
      const another = await fake((socket) => void socket.once('data', () => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, 40]))));
      await fails({ ...wanting, port: another }, 'target.tlsFailed');
      await fails({ ...wanting, port: after, ca: '' }, 'target.tlsUntrusted');
    });

    it('read little of a server that sends a gigabyte', async () => {
      for (const engine of ['postgres', 'mysql', 'memcached', 'opensearch', 'unknown']) {
        let sent = 0;
        const chunk = Buffer.alloc(65_536, 'HTTP/1.1 200 OK');
        const port = await fake((socket) => {
          const flood = (): void => {
            while (!socket.destroyed && sent < 1000 * MB) {
              sent += chunk.length;
              if (!socket.write(chunk)) {
                socket.once('drain', flood);
                return;
              }
            }
          };
          flood();
        });
        const started = performance.now();
        await probe({ engine, port }).catch((error: unknown) => assert.match((error as { code: string }).code, /^target\.not/));
        assert.ok(performance.now() - started < 4000, engine);
        assert.ok(sent < 50 * MB, `${engine}: ${sent} bytes sent`);
      }
    });

    it('call an unknown target connected, and claim no more', async () => {
      const silent = await fake(() => {});
      const health = await probe({ engine: 'unknown', port: silent });
      assert.deepEqual([health.level, health.latencyMs], ['ok', undefined]);
      assert.match(health.detail!, /^Connected; whether the server answers is not known/);
      const talkative = await fake((socket) => void socket.write('220 ready\r\n'));
      healthy(await probe({ engine: 'unknown', port: talkative }));
    });

    it('call an unknown target down when the connection ends at once or cannot be made', async () => {
      await fails({ engine: 'unknown', port: await fake((socket) => void socket.end()) }, 'target.closedConnection');
      await fails({ engine: 'unknown', port: await freePort() }, /^(?:target\.closedConnection|ssm\.connectFailed)$/);
    });

    async function freePort(): Promise<number> {
      const server = await tcpServer(() => {});
      await server.close();
      return server.address.port;
    }
  });
}
