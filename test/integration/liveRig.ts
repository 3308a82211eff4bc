import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { type Fault, isFault } from '../../src/base/fault';
import { engine } from '../../src/redis/index';
import { createLiveFeed, type FeedSettings } from '../../src/redis/live/feed';
import { splitArguments } from '../../src/redis/splitArguments';
import type { LiveEntry, LiveFeed, LiveRequest, RedisSession, RedisSessionOptions } from '../../src/redis/types';
import { type RedisOptions, type RedisServer, startRedis } from '../sandbox/servers/redis';
import { eventually } from '../fixtures/eventually';
import { FakeTunnel } from './redisTunnel';

export const PASSWORD = 'Sup3r-s3cret!';
export const never = new AbortController().signal;
export const LONG_MS = 20_000;
/** As before Redis 6, and where a provider has taken it away: no RESP3. */
export const NO_HELLO = { HELLO: '""' };

export async function faultOf(work: Promise<unknown>): Promise<Fault> {
  try {
    await work;
  } catch (error) {
    assert.ok(isFault(error), inspect(error));
    return error;
  }
  throw new Error('no fault');
}

export const entriesOf = ({ log }: LiveFeed): readonly LiveEntry[] => log.from(0, '', 1e6).entries;

/** `label|origin|text` of each message, `--mark` of what is between them. */
export const shown = (feed: LiveFeed): string[] =>
  entriesOf(feed).map((entry) => (entry.mark === undefined ? [entry.label, entry.origin, entry.text].join('|') : `--${entry.mark}`));

export const until = (feed: LiveFeed, count: number): Promise<unknown> => eventually(() => entriesOf(feed).length >= count, `${count} entries`, LONG_MS);

/** Waits for the end of a feed; the fault that ended it, if any. */
export async function ended(feed: LiveFeed): Promise<Fault | undefined> {
  await eventually(() => feed.state.phase === 'ended', 'it has ended', LONG_MS);
  return feed.state.phase === 'ended' ? feed.state.fault : undefined;
}

/** One server for all tests of a suite, and feeds, sessions, tunnels and servers of each test, which end with it. */
export class LiveRig {
  server!: RedisServer;
  readonly servers: RedisServer[] = [];
  readonly tunnels: FakeTunnel[] = [];
  readonly sessions: RedisSession[] = [];
  readonly feeds: LiveFeed[] = [];

  constructor(options: RedisOptions = {}) {
    before(async () => {
      this.server = await startRedis(options);
    });
    after(() => this.server?.stop());
    afterEach(() => this.#clean());
  }

  async #clean(): Promise<void> {
    for (const feed of this.feeds.splice(0)) await feed.dispose();
    for (const session of this.sessions.splice(0)) {
      await session.call(['FLUSHALL'], never).catch(() => {});
      await session.dispose();
    }
    for (const tunnel of this.tunnels.splice(0)) {
      await eventually(() => tunnel.clients === 0, 'every connection is closed after dispose', 10_000);
      await tunnel.dispose();
    }
    for (const one of this.servers.splice(0)) await one.stop();
  }

  async started(options: RedisOptions): Promise<RedisServer> {
    const one = await startRedis(options);
    this.servers.push(one);
    return one;
  }

  /** Of a session through a tunnel of its own. */
  async optionsFor({ port }: { readonly port: number } = this.server, more: Partial<RedisSessionOptions> = {}): Promise<RedisSessionOptions> {
    const tunnel = await FakeTunnel.to(port);
    this.tunnels.push(tunnel);
    return { local: tunnel.local, endpoint: { host: 'cache.sandbox.internal', port: 6379 }, tls: 'off', ...more };
  }

  async client(of: RedisServer = this.server): Promise<(line: string) => Promise<unknown>> {
    const session = await engine.openRedisSession(await this.optionsFor(of), never);
    this.sessions.push(session);
    return (line) => session.call(splitArguments(line), never);
  }

  feedOf(line: string, more: Partial<LiveRequest> = {}, settings?: FeedSettings): LiveFeed {
    const feed = createLiveFeed({ args: splitArguments(line), ...more }, settings);
    this.feeds.push(feed);
    return feed;
  }
}
