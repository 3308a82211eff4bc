import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { systemClock } from '../../src/base/clock';
import { describeFault, isFault } from '../../src/base/fault';
import { formatLogLine } from '../../src/base/log';
import type { Destination } from '../../src/base/proxy';
import { outbound } from '../../src/transport/proxy/outbound';
import { eventually } from '../fixtures/eventually';
import { CertificateAuthority } from '../sandbox/servers/certificates';
import { startProxy, type SandboxProxy } from '../sandbox/servers/proxy';
import { startEcho, type TcpServer } from '../sandbox/servers/tcp';
import { tcpSockets } from './awsBench';

const never = new AbortController().signal;

describe('a way out through a proxy', function () {
  this.timeout(20_000);
  let directory: string;
  let ca: string;
  let atRest: number;
  let echo: TcpServer;
  let secureEcho: { readonly port: number; close(): Promise<void> };
  let proxy: SandboxProxy;
  let secureProxy: SandboxProxy;
  let log: string[];

  const plain: Destination = { host: 'service.sandbox.test', port: 80, secure: false };
  const secure: Destination = { host: 'service.sandbox.test', port: 443, secure: true };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-proxy-'));
    const authority = await CertificateAuthority.create(directory);
    ca = await readFile(authority.caFile, 'utf8');
    const { certFile, keyFile } = await authority.issue(['localhost', 'service.sandbox.test'], ['2001:db8::1']);
    const tls = { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
    echo = await startEcho();
    secureEcho = await startSecureEcho(tls);
    const route = (host: string, port: number): number | undefined =>
      host === 'nowhere.sandbox.test' ? undefined : port === 443 ? secureEcho.port : echo.port;
    proxy = await startProxy({ route });
    secureProxy = await startProxy({ route, tls });
  });

  after(async () => {
    await Promise.all([proxy.close(), secureProxy.close(), echo.close(), secureEcho.close()]);
    await rm(directory, { recursive: true, force: true });
  });

  beforeEach(() => {
    log = [];
    atRest = tcpSockets();
  });

  afterEach(async () => {
    for (const one of [proxy, secureProxy]) {
      one.requests.length = 0;
      one.login = undefined;
      one.answer = undefined;
      one.challenges = ['Basic realm="sandbox"'];
      assert.deepEqual(one.violations, []);
    }
    await eventually(() => proxy.connections === 0 && secureProxy.connections === 0, 'the proxies to be left alone');
    await eventually(() => tcpSockets() <= atRest, 'every socket of ours to be closed');
    for (const line of log) assert.ok(!/s3cret|czNjcmV0/i.test(line), line);
  });

  const url = (options: { login?: string; tls?: boolean } = {}): string =>
    options.tls
      ? `https://${options.login ?? ''}localhost:${secureProxy.port}`
      : `http://${options.login ?? ''}127.0.0.1:${proxy.port}`;

  function connect(to: Destination, proxyUrl: string, trusted: string | undefined = ca, signal = never, speed = 1): Promise<Socket> {
    const out = outbound({
      env: () => ({ HTTPS_PROXY: proxyUrl, HTTP_PROXY: proxyUrl }),
      clock: { ...systemClock, schedule: (ms, callback) => systemClock.schedule(ms / speed, callback) },
      logger: { log: (level, event, fields) => void log.push(`${level} ${formatLogLine(event, fields)}`) },
    });
    return out.connect(to, trusted, signal);
  }

  async function talk(socket: Socket): Promise<void> {
    let got = '';
    socket.on('data', (chunk) => (got += String(chunk)));
    socket.write('hello');
    await eventually(() => got === 'hello', 'the echo');
    socket.destroy();
  }

  /** Code and sentence of the fault; proves that neither it nor its cause tells a login. */
  async function failure(work: Promise<Socket>): Promise<readonly [string, string]> {
    try {
      (await work).destroy();
    } catch (error) {
      assert.ok(isFault(error), String(error));
      assert.ok(!/s3cret|dora/i.test(describeFault(error) + String(error.cause)), describeFault(error));
      assert.ok(error.code === 'operation.cancelled' || error.remedy?.text.endsWith('.'), error.message);
      return [error.code, error.message];
    }
    return assert.fail('nothing failed');
  }

  for (const to of [plain, secure]) {
    for (const tls of [false, true]) {
      it(`leads to a ${to.secure ? 'secure' : 'plain'} service through an ${tls ? 'https' : 'http'} proxy`, async () => {
        await talk(await connect(to, url({ tls })));
        assert.deepEqual((tls ? secureProxy : proxy).requests, [{ authority: `${to.host}:${to.port}`, login: undefined }]);
      });
    }
  }

  it('leads to an IPv6 address, whose certificate is verified for it', async () => {
    await talk(await connect({ host: '2001:db8::1', port: 443, secure: true }, url()));
    assert.equal(proxy.requests[0]?.authority, '[2001:db8::1]:443');
    await assert.rejects(connect({ host: '2001:db8::2', port: 443, secure: true }, url()), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  it('carries the login of the URL, decoded', async () => {
    proxy.login = 'dora:s3cret:@/ü';
    await talk(await connect(secure, url({ login: 'dora:s3cret%3A%40%2F%C3%BC@' })));
  });

  it('keeps the bytes that come with the answer', async () => {
    proxy.answer = (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n220 welcome');
    const socket = await connect(plain, url());
    let got = '';
    socket.on('data', (chunk) => (got += String(chunk)));
    await eventually(() => got === '220 welcome', 'the first bytes');
    socket.destroy();
  });

  it('says what to do about a login', async () => {
    const where = `The proxy 127.0.0.1:${proxy.port}`;
    proxy.login = 'dora:s3cret';
    assert.deepEqual(await failure(connect(secure, url())), ['proxy.loginNeeded', `${where} demands a login.`]);
    const refused = await failure(connect(secure, url({ login: 'dora:s3cret2@' })));
    assert.deepEqual(refused, ['proxy.loginRefused', `${where} did not accept the user name and password.`]);
    proxy.challenges = ['Negotiate', 'NTLM'];
    const [code, text] = await failure(connect(secure, url({ login: 'dora:s3cret2@' })));
    assert.equal(code, 'proxy.loginUnsupported');
    assert.match(text, /\(negotiate, ntlm\)/);
  });

  it('names the answers of a proxy that does not connect', async () => {
    const cases: readonly [string, string, RegExp][] = [
      ['HTTP/1.1 403 Forbidden\r\n\r\n', 'proxy.refused', /refuses connections to service\.sandbox\.test:443 \(HTTP 403\)/],
      ['HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n', 'proxy.refused', /HTTP 302/],
      ['HTTP/1.1 204 No\r\n\r\n', 'proxy.refused', /HTTP 204/],
      ['HTTP/1.0 502 Bad Gateway\r\n\r\n', 'proxy.failed', /could not reach service\.sandbox\.test:443 \(HTTP 502\)/],
      ['HTTP/1.1 504\r\n\r\n', 'proxy.failed', /HTTP 504/],
      ['SSH-2.0-OpenSSH_9.2\r\n', 'proxy.badAnswer', /none of a proxy's/],
      [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`, 'proxy.badAnswer', /none of a proxy's/],
    ];
    for (const [answer, code, text] of cases) {
      proxy.answer = (socket) => socket.write(answer);
      const got = await failure(connect(secure, url()));
      assert.equal(got[0], code, answer.slice(0, 40));
      assert.match(got[1], text);
    }
    proxy.answer = (socket) => socket.end('HTTP/1.1 2');
    assert.match((await failure(connect(secure, url())))[1], /cannot be reached: it closed the connection without an answer/);
    proxy.answer = (socket) => socket.resetAndDestroy();
    assert.equal((await failure(connect(secure, url())))[0], 'proxy.unreachable');
    proxy.answer = undefined;
    assert.equal((await failure(connect({ ...secure, host: 'nowhere.sandbox.test' }, url())))[0], 'proxy.failed');
  });

  it('does not wait for a silent proxy for ever, nor when it is told to stop', async () => {
    let asked = 0;
    proxy.answer = () => void asked++;
    assert.equal((await failure(connect(secure, url(), ca, never, 50)))[0], 'proxy.timeout');
    // The first may have been given up before it asked.
    const before = asked;
    const stop = new AbortController();
    const connecting = failure(connect(secure, url(), ca, stop.signal));
    await eventually(() => asked > before, 'the request');
    stop.abort();
    assert.equal((await connecting)[0], 'operation.cancelled');
    const stopped = connect(secure, url(), ca, AbortSignal.abort());
    await assert.rejects(stopped, { code: 'operation.cancelled' });
  });

  it('stops in the middle of the TLS handshake, too', async () => {
    proxy.answer = (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n');
    assert.equal((await failure(connect(secure, url(), ca, never, 50)))[0], 'proxy.timeout');
    proxy.answer = (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n', () => socket.end());
    await assert.rejects(connect(secure, url()), { code: 'ECONNRESET' });
  });

  it('verifies the service behind the proxy, and the proxy itself', async () => {
    await assert.rejects(connect(secure, url(), ''), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    await assert.rejects(connect({ ...secure, host: 'other.sandbox.test' }, url()), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    assert.equal((await failure(connect(plain, url({ tls: true }), '')))[0], 'proxy.untrusted');
    const otherName = url({ tls: true }).replace('localhost', '127.0.0.1');
    assert.equal((await failure(connect(plain, otherName)))[0], 'proxy.untrusted');
    assert.deepEqual(secureProxy.requests, []);
  });

  it('says when there is no proxy where one should be', async () => {
    const gone = await startProxy({ route: () => undefined });
    await gone.close();
    const [code, text] = await failure(connect(secure, `http://dora:s3cret@127.0.0.1:${gone.port}`));
    assert.equal(code, 'proxy.unreachable');
    assert.equal(text, `The proxy 127.0.0.1:${gone.port} cannot be reached: ECONNREFUSED.`);
    // A TLS hello to a plain proxy, and the other way round.
    assert.equal((await failure(connect(secure, `http://127.0.0.1:${secureProxy.port}`)))[0].slice(0, 6), 'proxy.');
  });

  it('is not taken to this machine', async () => {
    await talk(await connect({ host: '127.0.0.1', port: echo.port, secure: false }, url()));
    await talk(await connect({ host: 'localhost', port: secureEcho.port, secure: true }, url()));
    assert.deepEqual(proxy.requests, []);
  });
});

async function startSecureEcho(tls: { cert: string; key: string }): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createTlsServer(tls, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket)).on('error', () => {});
    socket.pipe(socket);
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { port: (server.address() as { port: number }).port, close };
}
