import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { isFault } from '../../../src/base/fault';
import type { LogFields } from '../../../src/base/log';
import type { Link } from '../../../src/model/link';
import type { BastionRoute } from '../../../src/model/route';
import { ssmSettings, type SsmSettings } from '../../../src/model/ssmSettings';
import { SsmTransport } from '../../../src/transport/ssm/ssmTransport';
import { FakeService } from './fakeService';
import { TestClock } from './testClock';

export const endpoint = { host: 'cache.internal', port: 6379 };
export const route: BastionRoute = {
  target: { id: 'arn:cache', name: 'cache', engine: 'redis', tls: 'off', auth: 'none' },
  endpoint,
  bastion: { id: 'i-0abc', name: 'bastion' },
  method: 'ssm',
  place: { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' },
};
export const never = new AbortController().signal;

/** What each test has afresh. */
export interface Rig {
  readonly service: FakeService;
  readonly clock: TestClock;
  readonly logged: { readonly event: string; readonly fields: LogFields | undefined }[];
  dial(signal?: AbortSignal, given?: Partial<SsmSettings>): Promise<Link>;
  /** Makes every target send back what it receives. */
  echo(): void;
}

/**
 * Call inside `describe`. After each test nothing may be left: no timer, no socket, no session that was not
 * terminated, and no secret in the log.
 */
export function useRig(): Rig {
  const rig = {
    dial(signal: AbortSignal = never, given: Partial<SsmSettings> = {}): Promise<Link> {
      const logger = { log: (_level: string, event: string, fields?: LogFields) => void rig.logged.push({ event, fields }) };
      return new SsmTransport({ api: rig.service, clock: rig.clock, logger, settings: () => ssmSettings(given) }).dial(route, signal);
    },
    echo(): void {
      rig.service.onStream = (stream) => {
        stream.onData = (chunk) => stream.send(chunk);
        stream.onEnd = () => stream.end();
      };
    },
  } as { -readonly [Key in keyof Rig]: Rig[Key] };

  beforeEach(async () => {
    rig.service = await new FakeService().listen();
    rig.clock = new TestClock();
    rig.logged = [];
  });

  afterEach(async () => {
    try {
      assert.equal(rig.clock.pending, 0, 'timers left');
      let open = Infinity;
      for (let tries = 0; tries < 500 && open > 0; tries++) {
        open = await rig.service.connections;
        if (open > 0) await new Promise((resolve) => setTimeout(resolve, 2));
      }
      assert.equal(open, 0, 'sockets left');
      for (const session of rig.service.sessions) assert.equal(session.terminated, 1, `session ${session.id} terminated once`);
      const text = JSON.stringify(rig.logged);
      assert.ok(!text.includes('token-') && !text.includes('ws://'), 'secrets in the log');
    } finally {
      await rig.service.close();
    }
  });

  return rig;
}

export const faultCode = (code: string) => (error: unknown): boolean => {
  assert.ok(isFault(error), String(error));
  assert.equal(error.code, code);
  return true;
};

/** Reads at least `count` bytes and leaves the stream paused. */
export async function readBytes(stream: Duplex, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let length = 0; length < count; ) {
    const chunk = stream.read() as Buffer | null;
    if (chunk) {
      chunks.push(chunk);
      length += chunk.length;
    } else await once(stream, 'readable');
  }
  return Buffer.concat(chunks);
}

export async function roundTrip(stream: Duplex, text = 'ping'): Promise<string> {
  stream.write(text);
  return (await readBytes(stream, text.length)).toString();
}
