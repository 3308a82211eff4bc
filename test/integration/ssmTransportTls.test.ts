import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { isFault } from '../../src/base/fault';
import type { DataSocket } from '../../src/transport/ssm/dataSocket';
import { connectDirectly } from '../../src/transport/connect';
import { openDataSocket } from '../../src/transport/ssm/dataSocket';
import { CertificateAuthority } from '../sandbox/servers/certificates';

describe('the data channel over TLS', function () {
  this.timeout(20_000);
  let directory: string;
  let ca: string;
  let server: Server;
  const greetings: string[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-tls-'));
    const authority = await CertificateAuthority.create(directory);
    ca = await readFile(authority.caFile, 'utf8');
    const { certFile, keyFile } = await authority.issue(['localhost']);
    server = createServer({ cert: await readFile(certFile), key: await readFile(keyFile) });
    const webSockets = new WebSocketServer({ server });
    webSockets.on('connection', (webSocket) => webSocket.on('message', (data: Buffer) => greetings.push(data.toString())));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true, force: true });
  });

  function open(host: string, trusted: string | undefined): Promise<DataSocket> {
    const { port } = server.address() as AddressInfo;
    const events = { message: () => {}, drain: () => {}, pong: () => {}, lost: () => {} };
    const options = { streamUrl: `wss://${host}:${port}/`, greeting: 'hello', ca: trusted, createSocket: connectDirectly, events };
    return openDataSocket(options, new AbortController().signal);
  }

  const untrusted = (error: unknown): boolean => isFault(error) && error.code === 'ssm.untrustedService' && !error.retryable;

  it('works with a certificate that verifies', async () => {
    const socket = await open('localhost', ca);
    for (const end = Date.now() + 5000; greetings.length === 0 && Date.now() < end; ) await new Promise((resolve) => setTimeout(resolve, 2));
    assert.deepEqual(greetings, ['hello']);
    await socket.close();
  });

  it('refuses a certificate of an unknown authority, and says no word to it', async () => {
    await assert.rejects(open('localhost', undefined), untrusted);
    assert.equal(greetings.length, 1);
  });

  it('refuses a certificate for another name', async () => {
    await assert.rejects(open('127.0.0.1', ca), untrusted);
    assert.equal(greetings.length, 1);
  });
});
