import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { Agent } from '../../sandbox/sessionManager/agent';
import { acknowledgement, decodeFrame, Flag, flagPayload, type Frame, newFrame, PayloadType } from '../../sandbox/sessionManager/frames';
import type { Resolution } from '../../sandbox/sessionManager/targets';
import { eventually } from '../../fixtures/eventually';
import type { Vector } from '../../fixtures/ssmSessionVectors';
import { vectors } from '../../fixtures/ssmSessionVectors';

/** An agent without a service, with the client's part played by the test. */
class Bench {
  readonly frames: Frame[] = [];
  readonly endings: string[] = [];
  readonly agent: Agent;
  #nextOut = 0;

  constructor(options: {
    agentVersion?: string;
    properties: Readonly<Record<string, string>>;
    resolution: Resolution;
    keepalive?: { intervalMs: number; timeoutMs: number };
  }) {
    this.agent = new Agent({
      instanceId: 'i-0',
      agentVersion: options.agentVersion ?? '3.3.1142.0',
      sessionId: 'lab-0',
      properties: options.properties,
      resolve: () => options.resolution,
      pace: false,
      keepalive: options.keepalive,
      service: {
        frame: (raw) => {
          const frame = decodeFrame(raw);
          this.frames.push(frame);
          // A client that acknowledges at once, so that nothing is sent twice.
          if (frame.messageType === 'output_stream_data') this.agent.receive(acknowledgement(frame));
        },
        writable: () => true,
        ended: (output) => this.endings.push(output),
        backlogChanged: () => {},
      },
    });
  }

  send(payloadType: number, payload: Buffer): void {
    this.agent.receive(newFrame({ messageType: 'input_stream_data', sequenceNumber: this.#nextOut++, flags: 0, payloadType, payload }));
  }

  respond(clientVersion = '1.2.707.0', status = 1): void {
    const action = { ActionType: 'SessionType', ActionStatus: status, ActionResult: null, Error: status === 1 ? '' : 'no' };
    this.send(PayloadType.handshakeResponse, Buffer.from(JSON.stringify({ ClientVersion: clientVersion, ProcessedClientActions: [action], Errors: null })));
  }

  get output(): Frame[] {
    return this.frames.filter(({ messageType }) => messageType === 'output_stream_data');
  }

  get acknowledgements(): number {
    return this.frames.filter(({ messageType }) => messageType === 'acknowledge').length;
  }
}

/** Enough of Redis to answer what the recorded client asked, deterministically. */
function answer(socket: Socket): void {
  const replies: Readonly<Record<string, string>> = {
    '*1\r\n$4\r\nping\r\n': '+PONG\r\n',
    '*3\r\n$3\r\nset\r\n$8\r\ngreeting\r\n$11\r\nhello world\r\n': '+OK\r\n',
    '*2\r\n$3\r\nget\r\n$8\r\ngreeting\r\n': '$11\r\nhello world\r\n',
    '*2\r\n$4\r\nincr\r\n$1\r\nn\r\n': ':1\r\n',
    '*3\r\n$3\r\nset\r\n$1\r\nk\r\n$1\r\nv\r\n': '+OK\r\n',
  };
  socket.on('data', (chunk: Buffer) => {
    const reply = replies[chunk.toString()];
    assert.ok(reply, `unexpected ${JSON.stringify(chunk.toString())}`);
    socket.write(reply);
  });
  socket.on('error', () => {});
}

describe('sandbox agent', () => {
  let server: Server;
  let resolution: Resolution;
  let bench: Bench;

  beforeEach(async () => {
    server = createServer({ noDelay: true }, answer);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    assert.ok(address && typeof address === 'object');
    resolution = { kind: 'server', host: '127.0.0.1', port: address.port };
  });

  afterEach(async () => {
    bench.agent.close();
    await bench.agent.drained();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });

  const kind = (frame: Pick<Frame, 'messageType' | 'payloadType' | 'flags' | 'sequenceNumber'>): unknown[] => [
    frame.messageType,
    frame.sequenceNumber,
    frame.flags,
    frame.payloadType,
  ];

  /** What must be equal: everything but ids, dates, the session's id and the handshake's duration. */
  const comparable = (frame: Frame): unknown => {
    const text = frame.payload
      .toString('latin1')
      .replace(/"HandshakeTimeToComplete":\d+/, '')
      .replace(/"SessionId":"[^"]*"/, '');
    return [...kind(frame), text];
  };

  const replay = async (vectors: readonly Vector[], agentVersion: string): Promise<void> => {
    const request = vectors.find(({ payloadType }) => payloadType === PayloadType.handshakeRequest)!;
    const { RequestedClientActions: actions } = JSON.parse(request.payloadText!) as {
      RequestedClientActions: [{ ActionParameters: { Properties: Record<string, string> } }];
    };
    const properties = actions[0].ActionParameters.Properties;
    bench = new Bench({ agentVersion, properties, resolution });
    bench.agent.start();
    let sent = 0;
    let dialled = false;
    // The recording's first resend of the handshake request came from a client that was slow to connect.
    const recorded = vectors.filter((vector, index) => vector.hex !== vectors[index - 1]?.hex);
    for (const vector of recorded) {
      const raw = Buffer.from(vector.hex, 'hex');
      if (vector.from === 'client') {
        // The recorded client acknowledged too; the test's one has done so already.
        if (vector.messageType !== 'acknowledge') {
          if (bench.agent.mode === 'basic' && !dialled) {
            // Before that the agent would acknowledge nothing, and this client does not send twice.
            await eventually(() => bench.agent.openTargets === 1, 'the target is dialled');
            dialled = true;
          }
          bench.agent.receive(raw);
        }
        continue;
      }
      const index = sent++;
      await eventually(() => bench.frames.length > index, `frame ${index}`);
      assert.deepEqual(comparable(bench.frames[index]!), comparable(decodeFrame(raw)), `frame ${index} from the agent`);
    }
  };

  it('answers the recorded multiplexed client as the real agent did', async () => {
    await replay(vectors.mux, '3.3.1142.0');
    assert.equal(bench.agent.mode, 'mux');
  });

  it('answers the recorded basic client as the real agent did', async () => {
    const { basic } = vectors;
    await replay(basic, '3.0.196.0');
    assert.equal(bench.agent.mode, 'basic');
    assert.deepEqual(bench.endings, [''], 'the last recorded message is TerminateSession');
  });

  const forwarding = { host: 'cache.internal', localPortNumber: '0', portNumber: '6379', type: 'LocalPortForwarding' };

  it('acknowledges data before the handshake is complete and throws it away', async () => {
    bench = new Bench({ properties: forwarding, resolution });
    bench.agent.start();
    bench.send(PayloadType.output, Buffer.from('0100000003000000', 'hex'));
    assert.equal(bench.acknowledgements, 1);
    bench.respond();
    bench.send(PayloadType.output, Buffer.from('0102040003000000', 'hex'));
    bench.send(PayloadType.output, Buffer.from('ping'));
    assert.equal(bench.acknowledgements, 4);
    assert.equal(bench.agent.openTargets, 0, 'the stream was never opened');
  });

  it('is blocked for ever by a second handshake response under a new number', () => {
    bench = new Bench({ properties: forwarding, resolution });
    bench.agent.start();
    bench.respond();
    bench.respond();
    bench.send(PayloadType.output, Buffer.from('0100000003000000', 'hex'));
    assert.equal(bench.acknowledgements, 1);
  });

  it('gives the session up when an action failed', () => {
    bench = new Bench({ properties: forwarding, resolution });
    bench.agent.start();
    bench.respond('1.2.707.0', 3);
    assert.deepEqual(bench.endings, ['SessionType failed on client with status 3 error: no']);
    assert.equal(bench.acknowledgements, 0);
  });

  for (const [agentVersion, clientVersion, type, mode] of [
    ['3.0.196.1', '1.1.70', 'LocalPortForwarding', 'mux'],
    ['3.0.196.0', '1.2.707.0', 'LocalPortForwarding', 'basic'],
    ['3.3.1142.0', '1.1.61.0', 'LocalPortForwarding', 'basic'],
    ['3.3.1142.0', '1.2.707.0', undefined, 'basic'],
  ] as const) {
    it(`works in ${mode} mode for agent ${agentVersion}, client ${clientVersion} and type ${type}`, () => {
      const { host, portNumber } = forwarding;
      bench = new Bench({ agentVersion, properties: { host, portNumber, ...(type && { type }) }, resolution });
      bench.agent.start();
      bench.respond(clientVersion);
      assert.equal(bench.agent.mode, mode);
    });
  }

  for (const [agentVersion, clientVersion, on] of [
    ['3.1.1511.0', '1.2.707.0', true],
    ['3.1.1512.0', '1.2.331.0', true],
    ['3.1.1512.0', '1.2.332.0', false],
    ['3.3.1142.0', '1.2.707.0', false],
  ] as const) {
    it(`has smux keepalive ${on ? 'on' : 'off'} for agent ${agentVersion} and client ${clientVersion}`, async () => {
      bench = new Bench({ agentVersion, properties: forwarding, resolution, keepalive: { intervalMs: 5, timeoutMs: 40 } });
      bench.agent.start();
      bench.respond(clientVersion);
      const began = performance.now();
      await eventually(() => (on ? bench.endings.length > 0 : performance.now() - began > 150), 'the end, or none');
      assert.deepEqual(bench.endings, on ? ['smux: keepalive timed out'] : []);
      const nops = bench.output.filter(({ payload }) => payload.toString('hex') === '0103000000000000').length;
      assert.equal(nops > 0, on);
    });
  }

  it('answers a refused dial with ConnectToPortError and then FIN', async () => {
    bench = new Bench({ properties: forwarding, resolution: 'refused' });
    bench.agent.start();
    bench.respond();
    bench.send(PayloadType.output, Buffer.from('0100000003000000', 'hex'));
    await eventually(() => bench.output.length === 4, 'flag and FIN');
    assert.deepEqual(
      bench.output.slice(2).map(({ payloadType, payload }) => [payloadType, payload.toString('hex')]),
      [
        [PayloadType.flag, flagPayload(Flag.connectToPortError).toString('hex')],
        [PayloadType.output, '0101000003000000'],
      ],
    );
  });

  it('ends the worker when the dial of basic mode fails', async () => {
    bench = new Bench({ properties: { host: 'nowhere.internal', portNumber: '1' }, resolution: undefined });
    bench.agent.start();
    bench.respond();
    await eventually(() => bench.endings.length, 'the end');
    assert.match(bench.endings[0]!, /^Unable to connect to specified port: .*nowhere\.internal:1: no such host$/);
  });

  it('acknowledges nothing in basic mode until its first dial is through', () => {
    bench = new Bench({ properties: { host: 'dark.internal', portNumber: '1' }, resolution: 'blackhole' });
    bench.agent.start();
    bench.respond();
    bench.send(PayloadType.output, Buffer.from('x'));
    bench.send(PayloadType.flag, flagPayload(Flag.terminateSession));
    // The second came early: acknowledged, and kept for later.
    assert.deepEqual([bench.acknowledgements, bench.endings], [2, []]);
  });
});
