import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Notice } from '../../src/model/notice';
import { isFault } from '../../src/base/fault';
import type { TcpServer } from '../sandbox/servers/tcp';
import { pattern, patternDigest, startBulk } from '../sandbox/servers/tcp';
import { never, SsmServiceBench } from './ssmServiceBench';
import { readLine } from '../fixtures/streams';

const MODES = { mux: 'Sandbox-EncryptedPortSession', basic: 'Sandbox-EncryptedBasicPortSession' } as const;
const to = { host: 'bulk.internal', port: 7000 };
const BYTES = 4_000_000;

describe('sessions encrypted with a KMS key', function () {
  this.timeout(30_000);
  let bench: SsmServiceBench;
  let bulk: TcpServer;

  beforeEach(async () => {
    bench = await new SsmServiceBench().listen();
    bulk = await startBulk();
    bench.hosts.set('bulk.internal:7000', { kind: 'server', host: bulk.host, port: bulk.port });
  });

  afterEach(async () => {
    await bench.close();
    await bulk.close();
  });

  for (const [mode, documentName] of Object.entries(MODES)) {
    it(`carry every byte each way, also over sockets that are cut: ${mode}`, async () => {
      const notices: Notice[] = [];
      const link = await bench.dial(to, documentName, 'i-0abc', (notice) => notices.push(notice));
      assert.deepEqual(notices, [
        { kind: 'sessionMessage', text: 'This session is encrypted using AWS KMS.', bastion: { id: 'i-0abc', name: 'i-0abc' } },
      ]);
      const stream = await link.open(to, never);
      let cuts = 0;
      stream.write(`UP ${BYTES}\n`);
      for (let at = 0; at < BYTES; at += 50_000) {
        if (at % 1_000_000 === 500_000) cuts += bench.service.cutSockets('rst');
        if (!stream.write(pattern(at, 50_000))) await once(stream, 'drain');
      }
      assert.equal(await readLine(stream), patternDigest(BYTES));
      stream.write(`DOWN ${BYTES}\n`);
      let read = 0;
      for (let next = 500_000; read < BYTES; ) {
        const chunk = stream.read() as Buffer | null;
        if (!chunk) {
          await once(stream, 'readable');
          continue;
        }
        assert.ok(chunk.equals(pattern(read, chunk.length)), `bytes from ${read} on`);
        read += chunk.length;
        if (read < next) continue;
        cuts += bench.service.cutSockets('close1000');
        next += 1_000_000;
      }
      assert.equal(read, BYTES);
      assert.ok(cuts >= 4, `${cuts} cuts`);
      await link.dispose();
    });
  }

  it('are not begun with a key that KMS made for something else: the agent gives the reason', async () => {
    for (const changed of ['aws:ssm:SessionId', 'aws:ssm:TargetId', 'aws:ssm:RandomChallenge']) {
      const { api } = bench;
      const original = api.dataKey.bind(api);
      api.dataKey = (where, request, signal) =>
        original(where, { ...request, context: { ...request.context, [changed]: 'another' } }, signal);
      await assert.rejects(bench.dial(to, MODES.mux), (error: unknown) => {
        assert.ok(isFault(error) && error.code === 'ssm.channelClosed', String(error));
        assert.match(error.message, /Fetching data key failed: InvalidCiphertextException/);
        return true;
      });
      api.dataKey = original;
    }
  });

  it('end when the agent proves to have another key', async () => {
    const { api } = bench;
    const original = api.dataKey.bind(api);
    api.dataKey = async (...request) => ({ ...(await original(...request)), plaintext: new Uint8Array(64) });
    for (const documentName of Object.values(MODES)) {
      await assert.rejects(bench.dial(to, documentName), { code: 'ssm.encryptionFailed' });
    }
  });

  it('end with what KMS says when it gives no key', async () => {
    const refused = Object.assign(new Error('no'), { name: 'NotFoundException' });
    bench.api.dataKey = () => Promise.reject(refused);
    await assert.rejects(bench.dial(to, MODES.mux), (error: unknown) => isFault(error) && error.cause === refused);
  });
});
