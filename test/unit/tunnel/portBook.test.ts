import assert from 'node:assert/strict';
import fc from 'fast-check';
import { destinationKey, sameDestination } from '../../../src/model/route';
import { formatBook, isPromised, MAX_ENTRIES, parseBook, portOf, withPort, withPorts } from '../../../src/tunnel/portBook';
import { testRoute } from '../../fixtures/fakeTransport';

const entry = (destination: string, port: number): { destination: string; port: number } => ({ destination, port });

describe('the port book', () => {
  it('gives a destination the port that it had last', () => {
    const book = withPort(withPort(withPort([], entry('a', 1)), entry('b', 2)), entry('a', 3));
    assert.equal(portOf(book, 'a'), 3);
    assert.equal(portOf(book, 'b'), 2);
    assert.equal(portOf(book, 'c'), undefined);
  });

  it('knows which ports others count on', () => {
    const book = [entry('a', 1)];
    assert.equal(isPromised(book, 1, 'b'), true);
    assert.equal(isPromised(book, 1, 'a'), false);
    assert.equal(isPromised(book, 2, 'b'), false);
  });

  it('forgets the destination that was not used for longest', () => {
    let book = withPorts([], Array.from({ length: MAX_ENTRIES }, (_, index) => entry(`d${index}`, index + 1)));
    book = withPort(book, entry('d0', 1));
    book = withPort(book, entry('new', 2000));
    assert.equal(book.length, MAX_ENTRIES);
    assert.deepEqual([portOf(book, 'd0'), portOf(book, 'd1'), portOf(book, 'new')], [1, undefined, 2000]);
  });

  it('calls two routes one destination exactly when tunnels do', () => {
    const other = { ...testRoute, bastion: { id: 'i-2', name: 'another' } };
    const elsewhere = [
      { ...testRoute, endpoint: { ...testRoute.endpoint, port: 1 } },
      { ...testRoute, endpoint: { ...testRoute.endpoint, host: 'x' } },
      { ...testRoute, place: { ...testRoute.place, profile: 'prod' } },
      { ...testRoute, target: { ...testRoute.target, id: 'arn:other' } },
    ];
    for (const route of [other, ...elsewhere]) {
      assert.equal(destinationKey(route) === destinationKey(testRoute), sameDestination(route, testRoute));
    }
  });

  it('reads back what it wrote', () => {
    const entries = fc.array(fc.record({ destination: fc.string({ maxLength: 200 }), port: fc.integer({ min: 1, max: 65535 }) }, { noNullPrototype: true }), { maxLength: 30 });
    fc.assert(
      fc.property(entries, (some) => {
        const book = withPorts([], some);
        assert.deepEqual(parseBook(formatBook(book)), book);
      }),
    );
  });

  it('tells a broken file from one of a later version, and leaves out entries that make no sense', () => {
    for (const broken of ['', '{', 'null', '[]', '{"version":1}', '{"version":"1","ports":[]}', '{"version":1,"ports":{}}', ' '.repeat(1_000_001)]) {
      assert.equal(parseBook(broken), 'corrupt', broken.slice(0, 40));
    }
    assert.equal(parseBook('{"version":2,"anything":true}'), 'newer');
    const odd = JSON.stringify({ version: 1, ports: [['a', 1], ['b', 0], ['c', 65536], ['d', 1.5], [5, 5], null, ['x'.repeat(1001), 5], ['e', '7']] });
    assert.deepEqual(parseBook(odd), [entry('a', 1)]);
  });
});
