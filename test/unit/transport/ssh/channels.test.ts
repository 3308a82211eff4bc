import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { Fault, isFault } from '../../../../src/base/fault';
import { Channels, OPEN_TIMEOUT_MS } from '../../../../src/transport/ssh/channels';
import type { ChannelStream } from '../../../../src/transport/ssh/channelStream';
import { FIRST_WINDOW } from '../../../../src/transport/ssh/receiveWindow';
import type { PacketLayer } from '../../../../src/transport/ssh/ssh2Internals';
import { FakeClock } from '../../../fixtures/fakeClock';

const to = { host: 'cache.internal', port: 6379 };
const never = new AbortController().signal;
const WINDOW = 100_000;

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Channels over a packet layer that only notes what it is told. */
class Rig {
  readonly clock = new FakeClock();
  readonly sent: string[] = [];
  readonly broken: Fault[] = [];
  readonly data: Buffer[] = [];
  bytes = 0;
  readonly layer = {
    directTcpip: (id: number) => void this.sent.push(`open ${id}`),
    channelData: (id: number, data: Buffer) => {
      this.bytes += data.length;
      // What is handed to the layer may be overwritten afterwards.
      this.data.push(Buffer.from(data));
      this.sent.push(`data ${id} ${data.length}`);
    },
    channelWindowAdjust: (id: number, bytes: number) => void this.sent.push(`credit ${id} ${bytes}`),
    channelEOF: (id: number) => void this.sent.push(`end ${id}`),
    channelClose: (id: number) => void this.sent.push(`close ${id}`),
    _kexinit: undefined as unknown,
  };
  readonly channels = new Channels({
    layer: this.layer as unknown as PacketLayer,
    socket: new PassThrough(),
    clock: this.clock,
    onBroken: (fault) => this.broken.push(fault),
  });

  async open(id = 0, remote = 70 + id): Promise<ChannelStream> {
    const opening = this.channels.open(to, never);
    this.clock.advance(1);
    this.channels.handlers.CHANNEL_OPEN_CONFIRMATION(undefined, { recipient: id, sender: remote, window: WINDOW, packetSize: 32_768 });
    const stream = await opening;
    this.sent.length = 0;
    return stream;
  }
}

describe('the channels of an SSH connection', () => {
  let rig: Rig;

  beforeEach(() => {
    rig = new Rig();
  });

  it('send within the window of the far side, in packets of 32 KB, and go on when it widens', async () => {
    const stream = await rig.open();
    stream.write(Buffer.alloc(150_000));
    assert.deepEqual(rig.sent, ['data 70 32768', 'data 70 32768', 'data 70 32768', `data 70 ${WINDOW - 3 * 32_768}`]);
    rig.channels.handlers.CHANNEL_WINDOW_ADJUST(undefined, 0, 1_000_000);
    assert.equal(rig.bytes, 150_000);
  });

  it('keep nothing that is only lent to them, and send all of it in order', async () => {
    const stream = await rig.open();
    const memory = Buffer.alloc(60_000);
    const lend = (byte: number): boolean => {
      const all = stream.writeLent(memory.fill(byte));
      memory.fill(0xff);
      return all;
    };
    assert.equal(lend(1), true);
    assert.equal(stream.writableLength, 0, 'nothing is left of it');
    assert.equal(lend(2), true);
    assert.equal(rig.bytes, WINDOW);
    assert.equal(stream.writableLength, 120_000 - WINDOW);
    stream.write(Buffer.alloc(60_000, 3));
    assert.equal(lend(4), true);
    for (let byte = 5; byte < 7; byte++) lend(byte);
    assert.equal(lend(7), false, 'more would be too much');
    const drained = once(stream, 'drain');
    rig.channels.handlers.CHANNEL_WINDOW_ADJUST(undefined, 0, 1_000_000);
    await drained;
    const expected = Buffer.concat([1, 2, 3, 4, 5, 6, 7].map((byte) => Buffer.alloc(60_000, byte)));
    assert.ok(Buffer.concat(rig.data).equals(expected));
  });

  it('take nothing that is lent to them once they are closed', async () => {
    const stream = await rig.open();
    rig.channels.handlers.CHANNEL_EOF(undefined, 0);
    rig.channels.handlers.CHANNEL_CLOSE(undefined, 0);
    stream.writeLent(Buffer.from('late'));
    assert.equal(rig.bytes, 0);
    assert.equal(stream.writableLength, 4, 'it was not taken');
    stream.destroy();
    stream.writeLent(Buffer.from('later'));
    assert.equal(rig.bytes, 0);
  });

  it('send nothing while keys are exchanged', async () => {
    const stream = await rig.open();
    rig.layer._kexinit = Buffer.alloc(1);
    stream.write('x');
    assert.equal(rig.bytes, 0);
    rig.layer._kexinit = undefined;
    rig.channels.resume();
    assert.equal(rig.bytes, 1);
  });

  it('end one direction at a time, and close once both have ended', async () => {
    const stream = await rig.open();
    stream.end('bye');
    await turn();
    assert.deepEqual(rig.sent, ['data 70 3', 'end 70']);
    rig.channels.handlers.CHANNEL_DATA(undefined, 0, Buffer.from('reply'));
    rig.channels.handlers.CHANNEL_EOF(undefined, 0);
    assert.equal(String(await stream.toArray()), 'reply');
    await turn();
    assert.equal(rig.sent.at(-1), 'close 70');
    rig.channels.handlers.CHANNEL_CLOSE(undefined, 0);
    assert.equal(rig.channels.size, 0);
    assert.equal(rig.sent.filter((line) => line === 'close 70').length, 1, 'said once');
    assert.equal(stream.errored, null);
  });

  it('break a stream that closes without an end, or with an end while something is still to be sent', async () => {
    const cut = await rig.open(0);
    rig.channels.handlers.CHANNEL_DATA(undefined, 0, Buffer.from('half'));
    rig.channels.handlers.CHANNEL_CLOSE(undefined, 0);
    assert.ok(isFault(cut.errored) && cut.errored.code === 'ssh.streamReset');
    const refused = await rig.open(1);
    refused.write(Buffer.alloc(WINDOW + 1));
    rig.channels.handlers.CHANNEL_DATA(undefined, 1, Buffer.from('too much'));
    rig.channels.handlers.CHANNEL_EOF(undefined, 1);
    rig.channels.handlers.CHANNEL_CLOSE(undefined, 1);
    assert.equal(String(refused.read()), 'too much', 'what has arrived is still read');
    refused.resume();
    await turn();
    await turn();
    assert.ok(isFault(refused.errored) && refused.errored.code === 'ssh.streamReset');
  });

  it('end the connection of a server that sends more than it may', async () => {
    await rig.open();
    for (let sent = 0; sent <= FIRST_WINDOW; sent += 32_768) rig.channels.handlers.CHANNEL_DATA(undefined, 0, Buffer.alloc(32_768));
    assert.equal(rig.broken[0]?.code, 'ssh.protocolError');
  });

  it('close at once what opens after nobody waits any more, and leave no timer', async () => {
    const abort = new AbortController();
    const opening = assert.rejects(rig.channels.open(to, abort.signal), { code: 'operation.cancelled' });
    abort.abort();
    await opening;
    assert.equal(rig.clock.pending, 0);
    rig.channels.handlers.CHANNEL_OPEN_CONFIRMATION(undefined, { recipient: 0, sender: 9, window: 1, packetSize: 32_768 });
    await turn();
    assert.deepEqual(rig.sent, ['open 0', 'close 9']);
  });

  it('give up a far side that does not answer', async () => {
    const opening = assert.rejects(rig.channels.open(to, never), { code: 'ssh.farSideTimeout' });
    rig.clock.advance(OPEN_TIMEOUT_MS);
    await opening;
  });

  it('tell refusals apart', async () => {
    const cases = [
      [1, 'open failed', 'ssh.forwardProhibited'],
      [2, 'Connection refused', 'ssh.farSideRefused'],
      [2, 'Name or service not known', 'ssh.farSideUnresolved'],
      [2, 'Connection timed out', 'ssh.farSideTimeout'],
      [2, 'No route to host', 'ssh.farSideFailed'],
    ] as const;
    for (const [id, [reason, text, code]] of cases.entries()) {
      const opening = assert.rejects(rig.channels.open(to, never), { code });
      rig.channels.handlers.CHANNEL_OPEN_FAILURE(undefined, id, reason, text);
      await opening;
    }
  });

  it('break every stream and refuse every opening once the connection is lost', async () => {
    const stream = await rig.open();
    const opening = assert.rejects(rig.channels.open(to, never), { code: 'ssh.connectionLost' });
    const lost = new Fault('ssh.connectionLost', 'Lost.');
    rig.channels.fail(lost);
    await opening;
    assert.equal(stream.errored, lost);
    await assert.rejects(rig.channels.open(to, never), { code: 'ssh.connectionLost' });
    assert.equal(rig.clock.pending, 0);
    assert.deepEqual(rig.sent.filter((line) => line.startsWith('close')), [], 'nothing is sent to a broken connection');
  });
});
