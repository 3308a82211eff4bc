import assert from 'node:assert/strict';
import { limitsOf } from '../../../src/aws/sessionPreferences';

describe('limits in the Session Manager preferences', () => {
  const content = (inputs: unknown): string => JSON.stringify({ schemaVersion: '1.0', sessionType: 'Standard_Stream', inputs });

  for (const [what, inputs, expected] of [
    ['both', { idleSessionTimeout: '20', maxSessionDuration: '60' }, { maxSessionMs: 3_600_000, idleMs: 1_200_000 }],
    ['the longest', { idleSessionTimeout: '60', maxSessionDuration: '1440' }, { maxSessionMs: 86_400_000, idleMs: 3_600_000 }],
    ['numbers', { idleSessionTimeout: 1, maxSessionDuration: 1 }, { maxSessionMs: 60_000, idleMs: 60_000 }],
    ['empty texts', { idleSessionTimeout: '', maxSessionDuration: '' }, {}],
    ['too long ones', { idleSessionTimeout: '61', maxSessionDuration: '1441' }, {}],
    ['nonsense', { idleSessionTimeout: '-5', maxSessionDuration: '1e2' }, {}],
    ['zero and a fraction', { idleSessionTimeout: '0', maxSessionDuration: 1.5 }, {}],
    ['other types', { idleSessionTimeout: null, maxSessionDuration: ['60'] }, {}],
    ['no inputs', undefined, {}],
    ['inputs of another type', '60', {}],
  ] as const) {
    it(`are read: ${what}`, () => assert.deepEqual(limitsOf(content(inputs)), expected));
  }

  it('are absent where the content is none', () => {
    for (const text of ['', '{', 'null', '[]', '"x"', 'inputs:\n  maxSessionDuration: "60"']) assert.deepEqual(limitsOf(text), {});
  });
});
