import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { Fault } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import { call, note, Rpc } from '../../../src/broker/rpc';
import { finite, list, maybe, nothing, orNothing, record, shape, text } from '../../../src/broker/shapes';
import { eventually } from '../../fixtures/eventually';

const never = (): AbortSignal => new AbortController().signal;
const DOUBLE = call('double', finite, finite);
const FAIL = call('fail', nothing, nothing);
const SAY = note('say', text);

/** Two ends that give each other what they are written. */
function pair(): [Duplex, Duplex] {
  const ends: Duplex[] = [0, 1].map(
    (index) =>
      new Duplex({
        read() {},
        write(chunk: Buffer, _encoding, done) {
          ends[1 - index]!.push(chunk);
          done();
        },
        final(done) {
          ends[1 - index]!.push(null);
          done();
        },
        destroy(error, done) {
          const other = ends[1 - index]!;
          if (!other.destroyed) setImmediate(() => other.destroy());
          done(error);
        },
      }),
  );
  return [ends[0]!, ends[1]!];
}

function peers(limit = 10_000): { here: Rpc; there: Rpc; ends: [Duplex, Duplex] } {
  const ends = pair();
  const [here, there] = ends.map((end) => new Rpc(end as unknown as Socket, () => limit, nullLogger)) as [Rpc, Rpc];
  return { here, there, ends };
}

const framed = (body: string): Buffer => {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.length);
  return Buffer.concat([head, bytes]);
};

describe('a connection between window and broker', () => {
  it('answers each with its own answer, both ways at once', async () => {
    const { here, there } = peers();
    for (const rpc of [here, there]) {
      rpc.onRequest(DOUBLE, async (value) => 2 * value);
      rpc.listen();
    }
    const asked = Array.from({ length: 200 }, (_, value) => value);
    assert.deepEqual(await Promise.all(asked.map((value) => here.request(DOUBLE, value, never()))), asked.map((value) => 2 * value));
    assert.equal(await there.request(DOUBLE, 21, never()), 42);
  });

  it('carries a Fault with its code, its next step and whether to try again', async () => {
    const { here, there } = peers();
    there.onRequest(FAIL, () => Promise.reject(new Fault('aws.throttled', 'Too fast.', { retryable: true, remedy: { text: 'Wait.', action: 'retry', subject: 'dev' } })));
    here.listen();
    there.listen();
    await assert.rejects(here.request(FAIL, null, never()), { code: 'aws.throttled', message: 'Too fast.', retryable: true, remedy: { text: 'Wait.', action: 'retry', subject: 'dev' } });
  });

  it('cancels over there, and waits until it is over', async () => {
    const { here, there } = peers();
    let [begun, ended] = [false, false];
    there.onRequest(FAIL, (_, signal) => new Promise((_resolve, reject) => {
      begun = true;
      signal.addEventListener('abort', () => setTimeout(() => {
        ended = true;
        reject(new Fault('operation.cancelled', 'The operation was cancelled.'));
      }, 5));
    }));
    here.listen();
    there.listen();
    const abort = new AbortController();
    const waiting = here.request(FAIL, null, abort.signal);
    await eventually(() => begun);
    abort.abort();
    await assert.rejects(waiting, { code: 'operation.cancelled' });
    assert.ok(ended);
    await assert.rejects(here.request(FAIL, null, abort.signal), { code: 'operation.cancelled' });
  });

  it('refuses parameters and answers of another shape', async () => {
    const { here, there } = peers();
    there.onRequest({ ...DOUBLE, result: text as never }, () => Promise.resolve('many' as never));
    there.onRequest({ ...FAIL, params: finite }, () => Promise.resolve(null));
    const said: string[] = [];
    there.onNote(SAY, (word) => void said.push(word));
    here.listen();
    there.listen();
    await assert.rejects(here.request(DOUBLE, 1, never()), { code: 'broker.nonsense' });
    await assert.rejects(here.request(FAIL, null, never()), { code: 'broker.nonsense' });
    here.notify({ ...SAY, params: finite as never }, 5 as never);
    here.notify(SAY, 'hello');
    await eventually(() => said.length > 0);
    assert.deepEqual(said, ['hello']);
  });

  it('fails what is waited for when the other side goes away', async () => {
    const { here, there, ends } = peers();
    there.onRequest(FAIL, () => new Promise(() => {}));
    here.listen();
    there.listen();
    const waiting = here.request(FAIL, null, never());
    setImmediate(() => ends[1].destroy());
    await assert.rejects(waiting, { code: 'broker.lost', retryable: true });
    await here.closed;
    await assert.rejects(here.request(FAIL, null, never()), { code: 'broker.lost' });
  });

  it('understands messages however they are cut', async () => {
    const [end, wire] = pair();
    const rpc = new Rpc(end as unknown as Socket, () => 1000, nullLogger);
    const said: string[] = [];
    rpc.onNote(SAY, (word) => void said.push(word));
    rpc.listen();
    const words = ['a', 'ü', '€'.repeat(50)];
    const bytes = Buffer.concat(words.map((word) => framed(JSON.stringify({ jsonrpc: '2.0', method: 'say', params: [word] }))));
    for (const byte of bytes) wire.write(Buffer.of(byte));
    await eventually(() => said.length === words.length);
    assert.deepEqual(said, words);
  });

  for (const [name, bytes] of [
    ['a length beyond the limit', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['a body that is no JSON', framed('hello')],
    ['JSON that is no message', framed('[1,2,3]')],
    ['a message of another protocol', framed('{"jsonrpc":"1.0","method":"say"}')],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ] as const) {
    it(`ends with whoever sends ${name}`, async () => {
      const [end, wire] = pair();
      const rpc = new Rpc(end as unknown as Socket, () => 1000, nullLogger);
      rpc.listen();
      wire.write(bytes);
      await rpc.closed;
    });
  }
});

describe('the shape of a message', () => {
  it('is looked at property by property, and those that are not known are left alone', () => {
    const check = shape<{ name: string; count?: number }>({ name: text, count: maybe(finite) });
    assert.ok(check({ name: 'a' }) && check({ name: 'a', count: 1 }) && check({ name: 'a', more: [] }));
    for (const wrong of [null, undefined, [], 'a', { name: 1 }, { name: 'a', count: 'b' }, { name: 'a', count: null }]) assert.ok(!check(wrong));
  });

  it('bounds what it takes', () => {
    assert.ok(!text('x'.repeat(2 * 1024 * 1024)) && !finite(NaN) && !finite(Infinity));
    assert.ok(!list(finite, 2)([1, 2, 3]) && list(finite, 3)([1, 2, 3]) && !list(finite)({ length: 0 }));
    assert.ok(!record(text, 1)({ a: '', b: '' }) && record(text, 2)({ a: '', b: '' }) && !record(text)({ a: 1 }));
    assert.ok(orNothing(finite)(null) && orNothing(finite)(1) && !orNothing(finite)('1'));
  });
});
