import assert from 'node:assert/strict';
import { isFault } from '../../../../src/base/fault';
import type { KeyEdit, KeyKind, TypedBytes } from '../../../../src/model/redisKeys';
import { planEdit } from '../../../../src/redis/keys/edits';
import { OpenKey } from '../../../../src/redis/keys/openKey';
import { KeyFactsReader } from '../../../../src/redis/keys/facts';
import { idBefore, type SeenElement, type SeenPage } from '../../../../src/redis/keys/readers';
import { array, bulk, FakePort } from './fakePort';

const never = new AbortController().signal;
const key = Buffer.from('k');
const marker = Buffer.from('MARK');
const text = (value: string): TypedBytes => ({ text: value, form: 'text' });
const bytes = (value: string, omitted = 0): { bytes: Buffer; omitted: number } => ({ bytes: Buffer.from(value), omitted });

function plan(kind: KeyKind, edit: Exclude<KeyEdit, { type: 'expire' }>, elements: readonly SeenElement[] = [], seen: Partial<SeenPage> = {}, keptTtl?: number): string[] {
  const page = { whole: false, offset: 0, elements, unseen: 0, ...seen };
  const { expected, write } = planEdit(edit, { key, kind, seen: page, marker, ...(keptTtl !== undefined && { keptTtl }) });
  const line = (command: readonly (string | Buffer)[]): string => command.map(String).join(' ');
  return [...expected.map(({ command }) => `? ${line(command)}`), ...write.map(line)];
}

const code = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return isFault(error) ? error.code : String(error);
  }
  return 'none';
};

describe('The plan of an edit', () => {
  const body = { body: bytes('old'), whole: true };

  it('compares a string by its length before its bytes, and keeps its time to live', () => {
    const edit = { type: 'setBody', value: text('new') } as const;
    assert.deepEqual(plan('string', edit, [], body), ['? STRLEN k', '? GETRANGE k 0 2', 'SET k new KEEPTTL']);
    assert.deepEqual(plan('string', edit, [], body, 5000), ['? STRLEN k', '? GETRANGE k 0 2', 'SET k new', 'PEXPIRE k 5000']);
    assert.deepEqual(plan('string', edit, [], body, -1), ['? STRLEN k', '? GETRANGE k 0 2', 'SET k new']);
    assert.equal(code(() => plan('string', edit, [], { body: bytes('old'), whole: false })), 'redis.notEditable');
  });

  it('writes JSON as a whole', () => {
    const steps = plan('json', { type: 'setBody', value: text('{}') }, [], body, 9);
    assert.deepEqual(steps.slice(1), ['JSON.SET k . {}', 'PEXPIRE k 9']);
    assert.match(steps[0]!, /^\? JSON\.GET k /);
  });

  it('compares each kind of element before it writes it', () => {
    const change = { type: 'setElement', element: 0, value: text('new') } as const;
    assert.deepEqual(plan('hash', change, [{ label: '', field: bytes('f'), value: bytes('v') }]), ['? HGET k f', 'HSET k f new']);
    assert.deepEqual(plan('list', change, [{ label: '7', value: bytes('v') }]), ['? LINDEX k 7', 'LSET k 7 new']);
    assert.deepEqual(plan('set', change, [{ label: '', value: bytes('v') }]), ['? SISMEMBER k v', '? SISMEMBER k new', 'SREM k v', 'SADD k new']);
    assert.deepEqual(plan('zset', { type: 'setScore', element: 0, score: ' 2.5 ' }, [{ label: '1', value: bytes('m') }]), ['? ZSCORE k m', 'ZADD k XX 2.5 m']);
    assert.equal(code(() => plan('stream', change, [{ label: '1-1', pairs: [] }])), 'redis.notEditable');
  });

  it('removes just the element that was seen', () => {
    const removal = { type: 'removeElement', element: 0 } as const;
    assert.deepEqual(plan('hash', removal, [{ label: '', field: bytes('f'), value: bytes('v') }]), ['? HGET k f', 'HDEL k f']);
    assert.deepEqual(plan('hash', removal, [{ label: '', field: bytes('f'), value: bytes('v', 9) }]), ['? HEXISTS k f', 'HDEL k f']);
    assert.deepEqual(plan('list', removal, [{ label: '7', value: bytes('v') }]), ['? LINDEX k 7', 'LSET k 7 MARK', 'LREM k 1 MARK']);
    assert.deepEqual(plan('set', removal, [{ label: '', value: bytes('v') }]), ['? SISMEMBER k v', 'SREM k v']);
    assert.deepEqual(plan('zset', removal, [{ label: '1', value: bytes('m') }]), ['? ZSCORE k m', 'ZREM k m']);
    assert.deepEqual(plan('stream', removal, [{ label: '5-1', pairs: [] }]), ['? XRANGE k 5-1 5-1 COUNT 1', 'XDEL k 5-1']);
  });

  it('adds, and never over what is there', () => {
    assert.deepEqual(plan('hash', { type: 'addField', field: text('f'), value: text('v') }), ['? HEXISTS k f', 'HSET k f v']);
    assert.deepEqual(plan('list', { type: 'addElement', value: text('v'), end: 'head' }), ['LPUSHX k v']);
    assert.deepEqual(plan('list', { type: 'addElement', value: text('v'), end: 'tail' }), ['RPUSHX k v']);
    assert.deepEqual(plan('set', { type: 'addElement', value: text('v'), end: 'tail' }), ['? SISMEMBER k v', 'SADD k v']);
    assert.deepEqual(plan('zset', { type: 'addScored', value: text('v'), score: '-inf' }), ['? ZSCORE k v', 'ZADD k NX -inf v']);
    assert.deepEqual(plan('stream', { type: 'addEntry', pairs: [[text('a'), text('1')], [text('b'), text('2')]] }), ['XADD k * a 1 b 2']);
  });

  it('leaves alone what it has not seen as a whole', () => {
    const large = bytes('x'.repeat(20_000));
    assert.equal(code(() => plan('list', { type: 'setElement', element: 0, value: text('v') }, [{ label: '0', value: large }])), 'redis.notEditable');
    assert.equal(code(() => plan('list', { type: 'removeElement', element: 0 }, [{ label: '0', value: large }])), 'none');
    assert.equal(code(() => plan('list', { type: 'removeElement', element: 0 }, [{ label: '0', value: bytes('x', 1) }])), 'redis.notEditable');
    assert.equal(code(() => plan('list', { type: 'removeElement', element: 3 }, [])), 'redis.notEditable');
  });

  it('refuses what is no score', () => {
    for (const score of ['', 'a', '1;2', '--1', '0x10', 'nan', '1e']) {
      assert.equal(code(() => plan('zset', { type: 'addScored', value: text('v'), score })), 'redis.badScore', score);
    }
  });

  it('writes bytes that are no text as they were escaped', () => {
    const { write } = planEdit({ type: 'addElement', value: { text: '\\xff\\x00', form: 'escaped' }, end: 'tail' }, { key, kind: 'set', seen: { whole: false, offset: 0, elements: [], unseen: 0 }, marker });
    assert.deepEqual(write[0]![2], Buffer.from([0xff, 0]));
  });
});

describe('The id before another in a stream', () => {
  it('is the greatest below it', () => {
    assert.equal(idBefore('5-3'), '5-2');
    assert.equal(idBefore('5-0'), '4-18446744073709551615');
    assert.equal(idBefore('0-1'), '0-0');
    assert.equal(idBefore('0-0'), undefined);
  });
});

describe('An edit of a string', () => {
  const server = (answers: Readonly<Record<string, string>>): FakePort =>
    new FakePort((command) => answers[command] ?? (command.startsWith('WATCH') || command === 'UNWATCH' || command === 'MULTI' || command === 'DISCARD' ? '+OK\r\n' : undefined));
  const SEEN = { 'TYPE k': '+string\r\n', 'PTTL k': ':5000\r\n', 'MEMORY USAGE k SAMPLES 5': ':50\r\n', 'OBJECT ENCODING k': bulk('raw'), 'STRLEN k': ':3\r\n', 'GETRANGE k 0 131075': bulk('old'), 'GETRANGE k 0 2': bulk('old') };
  const edit = { type: 'setBody', value: text('new') } as const;
  const open = async (port: FakePort): Promise<OpenKey> => {
    const opened = new OpenKey(port, new KeyFactsReader(port), 'k');
    await opened.read('first', never);
    port.sent.length = 0;
    return opened;
  };

  it('gives the time to live again on a server that cannot keep it', async () => {
    const port = server({ ...SEEN, 'SET k new KEEPTTL': '+QUEUED\r\n', EXEC: array('-ERR syntax error\r\n'), 'SET k new': '+QUEUED\r\n', 'PEXPIRE k 5000': '+QUEUED\r\n' });
    const opened = await open(port);
    const answer = port.answer;
    port.answer = (command) => (command === 'EXEC' && port.sent.includes('SET k new') ? array('+OK\r\n', ':1\r\n') : answer(command));
    assert.equal(await opened.edit(edit, 1, never), 'done');
    assert.ok(port.sent.includes('PEXPIRE k 5000'));
    port.sent.length = 0;
    await opened.edit(edit, 1, never);
    assert.ok(!port.sent.includes('SET k new KEEPTTL'), 'it is asked once');
  });

  it('writes nothing when somebody was faster, and leaves nothing watched', async () => {
    const port = server(SEEN);
    const opened = await open(port);
    port.answer = ((before) => (command) => (command === 'GETRANGE k 0 2' ? bulk('new') : before(command)))(port.answer);
    assert.equal(await opened.edit(edit, 1, never), 'changed');
    assert.deepEqual(port.sent.at(-1), 'DISCARD');
    assert.ok(!port.sent.some((command) => command.startsWith('SET') || command === 'EXEC'));
  });

  it('does nothing for what was seen in another reading', async () => {
    const port = server(SEEN);
    const opened = await open(port);
    assert.equal(await opened.edit(edit, 2, never), 'changed');
    assert.deepEqual(port.sent, []);
  });

  it('says why it is refused', async () => {
    const port = server({ ...SEEN, 'SET k new KEEPTTL': "-NOPERM this user has no permissions to run the 'set' command\r\n", EXEC: '-EXECABORT Transaction discarded because of previous errors.\r\n' });
    const opened = await open(port);
    await assert.rejects(opened.edit(edit, 1, never), (error) => isFault(error) && error.message === 'This user may not run SET.');
  });

  it('does not write where it cannot watch', async () => {
    const port = server(SEEN);
    const opened = await open(port);
    port.answer = () => "-NOPERM this user has no permissions to run the 'watch' command\r\n";
    await assert.rejects(opened.edit(edit, 1, never), (error) => isFault(error) && error.code === 'redis.noPermission');
    assert.deepEqual(port.sent.slice(-2), ['GETRANGE k 0 2', 'MULTI']);
  });
});
