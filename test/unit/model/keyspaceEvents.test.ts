import assert from 'node:assert/strict';
import { flagsFor, isPublished, keyspaceWatch } from '../../../src/model/keyspaceEvents';

describe('Keyspace events', () => {
  const all = keyspaceWatch('*');
  const some = keyspaceWatch('user:*');

  it('are watched by event, or by key', () => {
    assert.deepEqual([all, keyspaceWatch(''), keyspaceWatch('**')].map(({ channel }) => channel), Array.from({ length: 3 }, () => '__keyevent@*__:*'));
    assert.equal(some.channel, '__keyspace@*__:user:*');
  });

  it('are published only with both a place and a kind', () => {
    for (const flags of ['AKE', 'Ex', 'E$']) assert.equal(isPublished(flags, all), true, flags);
    for (const flags of ['', 'A', 'E', 'Kx', 'KA', 'KE']) assert.equal(isPublished(flags, all), false, flags);
    assert.equal(isPublished('Kx', some), true);
  });

  it('are turned on without turning others off', () => {
    assert.deepEqual([flagsFor('', all), flagsFor('Kx', all), flagsFor('K', all), flagsFor('x', some)], ['EA', 'KxE', 'KEA', 'xK']);
    for (const flags of ['', 'K', 'E', 'x', 'KA']) assert.equal(isPublished(flagsFor(flags, all), all), true);
  });
});
