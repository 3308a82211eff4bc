import assert from 'node:assert/strict';
import { isFault } from '../../src/base/fault';
import type { EditOutcome, KeyEdit, KeyView, TypedBytes } from '../../src/model/redisKeys';
import { engine, openRedisSession } from '../../src/redis/index';
import type { GuardPorts, KeyBrowser, KeySearch, OpenedKey, RedisLogin, RedisSession, RespValue } from '../../src/redis/types';
import { type RedisServer, startRedis } from '../sandbox/servers/redis';
import { answeringServer, FakeTunnel } from './redisTunnel';

const never = new AbortController().signal;
const NAME = 'cache.internal';
const text = (value: string): TypedBytes => ({ text: value, form: 'text' });
const BINARY = Buffer.from([0, 0xff, 0x0d, 0x0a, 0x5c, 0xe2, 0x80, 0xae]);

/** What TYPE, sizes and SCAN tell is all that this user may not have. */
const FEW = '~* +ping +select +get +getrange +strlen +hscan +hlen +hget +llen +scard +zcard +xlen +pttl';

describe('The key browser on a real server', function () {
  this.timeout(30_000);
  let server: RedisServer;
  let tunnel: FakeTunnel;
  /** Of somebody else. */
  let other: RedisSession;
  const sessions: RedisSession[] = [];

  before(async () => {
    server = await startRedis({ users: [{ name: 'few', password: 'few', rules: FEW }, { name: 'single', password: 'single', rules: '~* +@all -multi' }] });
    tunnel = await FakeTunnel.to(server.port);
  });
  after(async () => {
    await tunnel?.dispose();
    await server?.stop();
  });
  beforeEach(async () => {
    other = await open();
    await call('FLUSHALL');
  });
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.dispose();
  });

  async function open(more: { readonly login?: RedisLogin; readonly guard?: GuardPorts } = {}): Promise<RedisSession> {
    const session = await openRedisSession({ local: tunnel.local, endpoint: { host: NAME, port: 6379 }, tls: 'off', ...more }, never);
    sessions.push(session);
    return session;
  }

  const browse = async (more: Parameters<typeof open>[0] = {}): Promise<KeyBrowser> => engine.browseKeys(await open(more));
  const call = (...args: (string | Buffer)[]): Promise<RespValue> => other.call(args, never);
  const get = async (...args: (string | Buffer)[]): Promise<string | undefined> => {
    const reply = await call(...args);
    return reply.type === 'bulk' ? reply.bytes.toString('latin1') : reply.type === 'integer' ? String(reply.value) : undefined;
  };
  const names = async (search: KeySearch): Promise<string[]> => {
    for (let steps = 0; !search.complete; steps++) {
      assert.ok(steps < 100);
      await search.more(never, never);
    }
    return [...search.names].toSorted();
  };
  const opened = async (browser: KeyBrowser, name: string): Promise<{ key: OpenedKey; view: KeyView }> => {
    const key = browser.open(name);
    return { key, view: await key.read('first', never) };
  };
  const edited = async (name: string, edit: KeyEdit): Promise<EditOutcome> => {
    const { key, view } = await opened(await browse(), name);
    return key.edit(edit, view.version, never);
  };
  const codeOf = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
      return 'none';
    } catch (error) {
      assert.ok(isFault(error), String(error));
      return error.code;
    }
  };
  /** Many commands at once. */
  const fill = (commands: readonly (readonly (string | Buffer)[])[]): Promise<readonly RespValue[]> => other.turn((turn) => turn.all(commands), never);

  it('finds keys by pattern and type, and never with KEYS', async () => {
    await fill([['SET', 'user:1', 'a'], ['HSET', 'user:2', 'f', 'v'], ['SET', 'other', 'x'], ['SET', BINARY, 'b']]);
    tunnel.sent = '';
    const browser = await browse();
    assert.deepEqual(await names(browser.scan({ pattern: '*', kind: null })), ['\\x00\\xff\\r\\n\\\\\\xe2\\x80\\xae', 'other', 'user:1', 'user:2']);
    assert.deepEqual(await names(browser.scan({ pattern: 'user:*', kind: null })), ['user:1', 'user:2']);
    assert.deepEqual(await names(browser.scan({ pattern: 'user:*', kind: 'hash' })), ['user:2']);
    assert.deepEqual(await names(browser.scan({ pattern: 'other', kind: null })), ['other']);
    assert.deepEqual(await names(browser.scan({ pattern: 'absent', kind: null })), []);
    assert.ok(!/\bKEYS\r\n/i.test(tunnel.sent));
  });

  it('finds 100,000 keys in bounded steps', async () => {
    for (let batch = 0; batch < 20; batch++) {
      await call('MSET', ...Array.from({ length: 5000 }, (_, index) => [`app:${batch}:${index}`, 'v']).flat());
    }
    const browser = await browse();
    assert.equal((await browser.overview(never)).total, 100_000);
    const search = browser.scan({ pattern: '*', kind: null });
    const first = await search.more(never, never);
    assert.ok(first.names.length <= 11_000 && !first.complete, String(first.names.length));
    assert.equal((await names(search)).length, 100_000);
  });

  it('tells the facts of many keys in one batch', async () => {
    await fill([['SET', 's', 'a', 'PX', '60000'], ['ZADD', 'z', '1', 'm']]);
    const [s, z, absent] = await (await browse()).facts(['s', 'z', 'absent'], never);
    assert.equal(s!.type, 'string');
    assert.ok(s!.ttl! > 50_000 && s!.ttl! <= 60_000 && s!.memory! > 0);
    assert.deepEqual([z!.type, z!.ttl, absent!.type], ['zset', -1, 'none']);
  });

  it('keeps to its database, after a reconnect, too', async () => {
    await fill([['SELECT', '3'], ['SET', 'three', '3'], ['SELECT', '0'], ['SET', 'zero', '0']]);
    const browser = await browse();
    assert.deepEqual((await browser.overview(never)).databases, [{ index: 0, keys: 1 }, { index: 3, keys: 1 }]);
    await browser.select(3, never);
    assert.deepEqual(await names(browser.scan({ pattern: '*', kind: null })), ['three']);
    tunnel.cut();
    await codeOf(browser.overview(never));
    assert.deepEqual(await names(browser.scan({ pattern: '*', kind: null })), ['three']);
    assert.equal(await codeOf(browser.select(99, never)), 'redis.replied');
  });

  describe('reads page by page', () => {
    /** Labels, fields or values of all pages, forwards. */
    async function walk(name: string, of: (view: KeyView) => readonly string[]): Promise<{ pages: number; found: string[] }> {
      const { key, view } = await opened(await browse(), name);
      let page = view;
      const found = [...of(page)];
      let pages = 1;
      while (page.hasNext) {
        assert.ok(++pages < 50);
        page = await key.read('next', never);
        assert.equal(page.page, pages - 1);
        found.push(...of(page));
      }
      if (pages > 1) {
        assert.equal((await key.read('previous', never)).page, pages - 2);
        assert.deepEqual(of(await key.read('first', never)), of(view));
      }
      return { pages, found };
    }
    const values = ({ elements }: KeyView): readonly string[] => elements.map(({ value }) => value!.text);

    it('long strings, without splitting a character', async () => {
      const long = 'aü👩'.repeat(60_000);
      await call('SET', 's', long);
      const { pages, found } = await walk('s', ({ body }) => [body!.text]);
      assert.equal(pages, 4);
      assert.equal(found.join(''), long);
      const { view } = await opened(await browse(), 's');
      assert.deepEqual([view.whole, view.length, view.kind], [false, Buffer.byteLength(long), 'string']);
    });

    it('hashes', async () => {
      await call('HSET', 'h', ...Array.from({ length: 1000 }, (_, index) => [`field${index}`, `value${index}`]).flat());
      const { pages, found } = await walk('h', ({ elements }) => elements.map(({ field, value }) => `${field!.text}=${value!.text}`));
      assert.ok(pages > 3);
      assert.equal(new Set(found).size, 1000);
      assert.ok(found.includes('field7=value7'));
    });

    it('lists', async () => {
      await call('RPUSH', 'l', ...Array.from({ length: 250 }, (_, index) => `e${index}`));
      const { pages, found } = await walk('l', ({ elements }) => elements.map(({ label, value }) => `${label}:${value!.text}`));
      assert.deepEqual([pages, found.length, found[0], found[249]], [3, 250, '0:e0', '249:e249']);
    });

    it('sets', async () => {
      await call('SADD', 'm', ...Array.from({ length: 1000 }, (_, index) => `member${index}`));
      const { pages, found } = await walk('m', values);
      assert.ok(pages > 3);
      assert.equal(new Set(found).size, 1000);
    });

    it('sorted sets, with their scores', async () => {
      await call('ZADD', 'z', ...Array.from({ length: 250 }, (_, index) => [`${index}.5`, `m${index}`]).flat());
      const { pages, found } = await walk('z', ({ elements }) => elements.map(({ label, value }) => `${label} ${value!.text}`));
      assert.deepEqual([pages, found.length, found[0], found[249]], [3, 250, '0.5 m0', '249.5 m249']);
    });

    it('streams, the newest entry first', async () => {
      await fill(Array.from({ length: 250 }, (_, index) => ['XADD', 'x', `${Math.floor(index / 2) + 1}-${index % 2}`, 'n', String(index), 'b', BINARY]));
      const { pages, found } = await walk('x', ({ elements }) => elements.map(({ label, pairs }) => `${label} ${pairs[0]![1].text}`));
      assert.deepEqual([pages, found.length, found[0], found[249]], [3, 250, '125-1 249', '1-0 0']);
    });

    it('large elements a few at a time, without losing one', async () => {
      await fill(Array.from({ length: 40 }, (_, index) => ['RPUSH', 'large', `${index}:${'x'.repeat(100_000)}`]));
      const { pages, found } = await walk('large', ({ elements }) => elements.map(({ value }) => `${value!.text.split(':')[0]} ${value!.cut}`));
      assert.ok(pages >= 4, String(pages));
      assert.deepEqual(found, Array.from({ length: 40 }, (_, index) => `${index} true`));
    });

    it('what is gone, and what it cannot look into', async () => {
      const { view } = await opened(await browse(), 'absent');
      assert.deepEqual([view.type, view.kind, view.elements.length], ['none', null, 0]);
    });
  });

  describe('edits', () => {
    it('a string, and keeps its time to live', async () => {
      await call('SET', 's', 'old', 'PX', '60000');
      assert.equal(await edited('s', { type: 'setBody', value: text('new') }), 'done');
      assert.equal(await get('GET', 's'), 'new');
      assert.ok(Number(await get('PTTL', 's')) > 50_000);
    });

    it('every kind of element', async () => {
      await fill([['HSET', 'h', 'f', 'v'], ['RPUSH', 'l', 'a', 'b', 'a'], ['SADD', 'm', 'a'], ['ZADD', 'z', '1', 'a'], ['XADD', 'x', '5-1', 'f', 'v']]);
      assert.equal(await edited('h', { type: 'setElement', element: 0, value: text('w') }), 'done');
      assert.equal(await edited('h', { type: 'addField', field: text('g'), value: text('2') }), 'done');
      assert.equal(await edited('l', { type: 'setElement', element: 1, value: text('B') }), 'done');
      // The second of two that are the same.
      assert.equal(await edited('l', { type: 'removeElement', element: 2 }), 'done');
      assert.equal(await edited('l', { type: 'addElement', value: text('0'), end: 'head' }), 'done');
      assert.equal(await edited('m', { type: 'setElement', element: 0, value: text('b') }), 'done');
      assert.equal(await edited('m', { type: 'addElement', value: text('c'), end: 'tail' }), 'done');
      assert.equal(await edited('z', { type: 'setScore', element: 0, score: '2.5' }), 'done');
      assert.equal(await edited('z', { type: 'addScored', value: text('b'), score: '-inf' }), 'done');
      assert.equal(await edited('x', { type: 'addEntry', pairs: [[text('n'), text('1')]] }), 'done');
      assert.equal(await edited('x', { type: 'removeElement', element: 1 }), 'done');
      const { text: state } = await other.run('EVAL "return {redis.call(\'HGETALL\',\'h\'),redis.call(\'LRANGE\',\'l\',0,-1),redis.call(\'SMEMBERS\',\'m\'),redis.call(\'ZRANGE\',\'z\',0,-1,\'WITHSCORES\'),redis.call(\'XLEN\',\'x\')}" 0', never);
      const words = [...state.matchAll(/"([^"]*)"|\(integer\) (\d+)/g)].map(([, word, count]) => word ?? count ?? '');
      const sorted = (all: readonly string[]): string => all.toSorted((one, next) => (one < next ? -1 : 1)).join(' ');
      assert.equal(sorted(words), sorted(['f', 'w', 'g', '2', '0', 'a', 'B', 'b', 'c', 'b', '-inf', 'a', '2.5', '1']));
    });

    it('removes of each kind, and the key goes with its last element', async () => {
      await fill([['HSET', 'h', 'f', 'v'], ['SADD', 'm', 'a'], ['ZADD', 'z', '1', 'a'], ['RPUSH', 'l', 'a']]);
      for (const name of ['h', 'm', 'z', 'l']) assert.equal(await edited(name, { type: 'removeElement', element: 0 }), 'done', name);
      assert.equal(await get('DBSIZE'), '0');
    });

    it('binary values without damage', async () => {
      await fill([['SET', 's', BINARY], ['HSET', 'h', BINARY, BINARY], ['SADD', BINARY, BINARY]]);
      const browser = await browse();
      const { key, view } = await opened(browser, 's');
      assert.equal(view.body!.form, 'escaped');
      assert.equal(await key.edit({ type: 'setBody', value: { text: `${view.body!.text}!`, form: 'escaped' } }, view.version, never), 'done');
      assert.equal(await get('GET', 's'), `${BINARY.toString('latin1')}!`);
      assert.equal(await edited('h', { type: 'setElement', element: 0, value: { text: '\\x00', form: 'escaped' } }), 'done');
      assert.equal(await get('HGET', 'h', BINARY), '\u0000');
      assert.equal(await edited('\\x00\\xff\\r\\n\\\\\\xe2\\x80\\xae', { type: 'removeElement', element: 0 }), 'done');
      assert.equal(await get('EXISTS', BINARY), '0');
    });

    it('notices that somebody else was faster, and writes nothing', async () => {
      const { key, view } = await (async () => {
        await call('SET', 's', 'old');
        return opened(await browse(), 's');
      })();
      await call('SET', 's', 'theirs');
      assert.equal(await key.edit({ type: 'setBody', value: text('mine') }, view.version, never), 'changed');
      assert.equal(await get('GET', 's'), 'theirs');
      const again = await key.read('same', never);
      assert.equal(again.body!.text, 'theirs');
      assert.equal(await key.edit({ type: 'setBody', value: text('mine') }, again.version, never), 'done');
      await call('DEL', 's');
      assert.equal(await key.edit({ type: 'setBody', value: text('x') }, again.version, never), 'gone');
      await call('RPUSH', 's', 'x');
      assert.equal(await key.edit({ type: 'setBody', value: text('x') }, again.version, never), 'changed');
      assert.equal(await get('LLEN', 's'), '1');
    });

    it('notices a change between the look and the write', async () => {
      await call('RPUSH', 'l', 'a', 'b');
      const session = await open();
      let meddle = async (): Promise<void> => {};
      // The transaction is the second batch of an edit.
      const port: Pick<RedisSession, 'turn'> = {
        turn: (work, signal) =>
          session.turn((turn) => work({
            all: async (commands) => {
              if (String(commands.at(-1)?.[0]) === 'EXEC') await meddle();
              return turn.all(commands);
            },
          }), signal),
      };
      const { key, view } = await opened(engine.browseKeys(port), 'l');
      meddle = async () => void (await call('LPUSH', 'l', 'new'));
      assert.equal(await key.edit({ type: 'removeElement', element: 0 }, view.version, never), 'changed');
      assert.equal(await get('LLEN', 'l'), '3');
      meddle = async () => {
        tunnel.cut();
      };
      const now = await key.read('same', never);
      assert.equal(await codeOf(key.edit({ type: 'removeElement', element: 0 }, now.version, never)), 'redis.connectionLost');
      other = await open();
      assert.equal(await get('LLEN', 'l'), '3');
    });

    it('asks nobody about the commands of its own, however large the values are', async () => {
      const many = Array.from({ length: 10_500 }, (_, index) => String(index));
      await call('RPUSH', 'l', ...many);
      await call('SADD', 'm', ...many);
      await call('ZADD', 'z', ...many.flatMap((each) => [each, `m${each}`]));
      await call('HSET', 'h', ...many.flatMap((each) => [each, each]));
      await fill(many.map((each) => ['XADD', 'x', `1-${Number(each) + 1}`, 'f', each]));
      const asked: string[] = [];
      const guard: GuardPorts = {
        production: () => false,
        writesAllowed: () => false,
        ask: async ({ verdicts }) => {
          asked.push(...verdicts.map(({ command }) => command));
          return false;
        },
      };
      const browser = await browse({ guard });
      for (const name of ['l', 'm', 'z', 'h', 'x']) {
        const { key, view } = await opened(browser, name);
        assert.equal(await key.edit({ type: 'removeElement', element: 0 }, view.version, never), 'done', name);
        assert.equal((await key.read('next', never)).page, 1);
      }
      assert.deepEqual(asked, []);
    });

    it('does not add over what is there', async () => {
      await fill([['HSET', 'h', 'f', 'v'], ['SADD', 'm', 'a'], ['ZADD', 'z', '1', 'a']]);
      assert.equal(await codeOf(edited('h', { type: 'addField', field: text('f'), value: text('w') })), 'redis.exists');
      assert.equal(await codeOf(edited('m', { type: 'addElement', value: text('a'), end: 'tail' })), 'redis.exists');
      assert.equal(await codeOf(edited('z', { type: 'addScored', value: text('a'), score: '5' })), 'redis.exists');
      assert.equal(await get('HGET', 'h', 'f'), 'v');
    });

    it('sets and takes away the time to live', async () => {
      await call('SET', 's', 'a');
      assert.equal(await edited('s', { type: 'expire', ms: 60_000 }), 'done');
      assert.ok(Number(await get('PTTL', 's')) > 50_000);
      assert.equal(await edited('s', { type: 'expire', ms: null }), 'done');
      assert.equal(await get('PTTL', 's'), '-1');
      assert.equal(await codeOf(edited('s', { type: 'expire', ms: 0 })), 'redis.badTtl');
      assert.equal(await get('EXISTS', 's'), '1');
      assert.equal(await edited('absent', { type: 'expire', ms: 1000 }), 'gone');
    });
  });

  it('renames, and never over another key', async () => {
    await fill([['SET', 'a', '1'], ['SET', 'b', '2']]);
    const browser = await browse();
    assert.equal(await codeOf(browser.rename('a', 'b', never)), 'redis.exists');
    assert.equal(await browser.rename('a', 'c\\x00', never), 'c\\x00');
    assert.equal(await get('GET', 'c\u0000'), '1');
    assert.equal(await codeOf(browser.rename('a', 'd', never)), 'redis.keyGone');
    assert.equal(await codeOf(browser.rename('b', '', never)), 'redis.badName');
  });

  it('deletes many keys at once', async () => {
    await call('MSET', ...Array.from({ length: 1200 }, (_, index) => [`k${index}`, 'v']).flat());
    const browser = await browse();
    const all = await names(browser.scan({ pattern: '*', kind: null }));
    const { removed, fault } = await browser.remove(all.slice(1), never);
    assert.deepEqual([removed.length, fault, await get('DBSIZE')], [1199, undefined, '1']);
    assert.equal(await codeOf(browser.remove(Array.from({ length: 10_001 }, String), never)), 'redis.tooMany');
  });

  it('gives a user with few rights what is allowed, and says what is missing', async () => {
    await fill([['SET', 's', 'value'], ['HSET', 'h', 'f', 'v'], ['SET', 'empty', '']]);
    const browser = await browse({ login: { username: 'few', password: 'few' } });
    assert.equal((await browser.overview(never)).total, null);
    assert.equal(await codeOf(browser.scan({ pattern: '*', kind: null }).more(never, never)), 'redis.noPermission');
    assert.deepEqual((await browser.scan({ pattern: 's', kind: null }).more(never, never)).names, ['s']);
    const [s, h, empty] = await browser.facts(['s', 'h', 'empty'], never);
    assert.deepEqual([s!.type, h!.type, empty!.type], ['string', 'hash', 'string']);
    assert.deepEqual([s!.memory, s!.ttl], [null, -1]);
    const { key, view } = await opened(browser, 'h');
    assert.deepEqual([view.elements[0]!.value!.text, view.encoding], ['v', null]);
    assert.equal((await opened(browser, 's')).view.body!.text, 'value');
    assert.equal(await codeOf(key.edit({ type: 'setElement', element: 0, value: text('w') }, view.version, never)), 'redis.noPermission');
    assert.deepEqual((await browser.overview(never)).denied, ['DBSIZE', 'INFO', 'TYPE', 'MEMORY USAGE', 'OBJECT ENCODING']);
    const { removed, fault } = await browser.remove(['s'], never);
    assert.deepEqual([removed.length, fault?.code], [0, 'redis.noPermission']);
  });

  it('writes nothing where a user may write, but has no transactions', async () => {
    await fill([['SET', 's', 'old'], ['HSET', 'h', 'f', 'v']]);
    const browser = await browse({ login: { username: 'single', password: 'single' } });
    for (const name of ['s', 'h']) {
      const { key, view } = await opened(browser, name);
      const edit = name === 's' ? ({ type: 'setBody', value: text('new') } as const) : ({ type: 'setElement', element: 0, value: text('new') } as const);
      assert.equal(await codeOf(key.edit(edit, view.version, never)), 'redis.noPermission');
    }
    assert.deepEqual([await get('GET', 's'), await get('HGET', 'h', 'f')], ['old', 'v']);
  });

  it('writes nothing on production that is locked, and everything once it is unlocked', async () => {
    await fill([['SET', 's', 'old'], ['RPUSH', 'l', 'a']]);
    let unlocked = false;
    const guard: GuardPorts = { production: () => true, writesAllowed: () => unlocked, ask: async () => false };
    const browser = await browse({ guard });
    assert.deepEqual(await names(browser.scan({ pattern: '*', kind: null })), ['l', 's']);
    const { key, view } = await opened(browser, 's');
    const edit = { type: 'setBody', value: text('new') } as const;
    assert.equal(await codeOf(key.edit(edit, view.version, never)), 'redis.readOnly');
    assert.equal(await codeOf(key.edit({ type: 'expire', ms: 1000 }, view.version, never)), 'redis.readOnly');
    assert.equal(await codeOf(browser.rename('s', 't', never)), 'redis.readOnly');
    assert.equal((await browser.remove(['s'], never)).fault?.code, 'redis.readOnly');
    assert.equal(await get('GET', 's'), 'old');
    unlocked = true;
    assert.equal(await key.edit(edit, view.version, never), 'done');
    assert.equal(await get('GET', 's'), 'new');
  });

  it('reads and writes JSON where the module is, and gives it its time to live again', async () => {
    const bulk = (value: string): string => `$${value.length}\r\n${value}\r\n`;
    let json = '{\n  "a": 1\n}';
    const sent: string[] = [];
    const fake = await answeringServer((command) => {
      sent.push(command);
      if (command.startsWith('JSON.GET doc')) return bulk(json);
      if (command.startsWith('JSON.SET') || command.startsWith('PEXPIRE')) return '+QUEUED\r\n';
      const known: Record<string, string> = { PING: '+PONG', 'TYPE doc': '+ReJSON-RL', 'PTTL doc': ':7000', 'MEMORY USAGE doc SAMPLES 5': ':90', 'OBJECT ENCODING doc': '-ERR no', EXEC: '*2\r\n+OK\r\n:1' };
      return known[command] && `${known[command]}\r\n`;
    });
    const endpoint = { host: '127.0.0.1', port: fake.port };
    const session = await openRedisSession({ local: endpoint, endpoint, tls: 'off' }, never);
    try {
      const { key, view } = await opened(engine.browseKeys(session), 'doc');
      assert.deepEqual([view.kind, view.body!.text, view.whole, view.memory], ['json', json, true, 90]);
      assert.equal(await key.edit({ type: 'setBody', value: text('{}') }, view.version, never), 'done');
      assert.deepEqual(sent.slice(-4), ['MULTI', 'JSON.SET doc . {}', 'PEXPIRE doc 7000', 'EXEC']);
      json = '[]';
      assert.equal(await key.edit({ type: 'setBody', value: text('{}') }, view.version, never), 'changed');
      assert.equal(sent.at(-1), 'DISCARD');
    } finally {
      await session.dispose();
      await fake.dispose();
    }
  });
});
