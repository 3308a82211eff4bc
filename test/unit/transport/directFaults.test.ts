import assert from 'node:assert/strict';
import { connectFault, unanswered } from '../../../src/transport/direct/faults';

const to = { host: 'db.example', port: 5432 };
const failed = (code: string): Error => Object.assign(new Error(code), { code });

describe('a direct connection that cannot be made', () => {
  const kinds: readonly (readonly [code: string, fault: string])[] = [
    ['ECONNREFUSED', 'direct.refused'],
    ['ETIMEDOUT', 'direct.timeout'],
    ['ENOTFOUND', 'direct.unresolved'],
    ['EAI_AGAIN', 'direct.unresolved'],
    ['ENETUNREACH', 'direct.unreachable'],
    ['EHOSTUNREACH', 'direct.unreachable'],
    ['ECONNRESET', 'direct.failed'],
  ];
  for (const [code, expected] of kinds) {
    it(`says so with a next step: ${code}`, () => {
      const fault = connectFault(failed(code), to);
      assert.deepEqual([fault.code, fault.retryable, fault.remedy?.action], [expected, true, 'retry']);
      assert.match(fault.message, /^(?:The|There) .*db\.example.*\.$/);
      assert.match(fault.remedy!.text, /^[A-Z].*\.$/);
    });
  }

  it('is judged by the weightiest of several addresses', () => {
    const both = (...codes: string[]): string => connectFault(new AggregateError(codes.map((code) => failed(code))), to).code;
    assert.deepEqual(
      [both('ENETUNREACH', 'ECONNREFUSED'), both('ETIMEDOUT', 'ECONNREFUSED'), both('ENETUNREACH', 'ETIMEDOUT')],
      ['direct.refused', 'direct.refused', 'direct.timeout'],
    );
  });

  it('is no way for what is no error of Node', () => assert.equal(connectFault('odd', to).code, 'direct.failed'));

  it('names the port that a security group has to admit', () => {
    const { message, remedy } = unanswered(to, 8_000);
    assert.equal(message, 'The server at db.example:5432 did not answer a direct connection within 8 s.');
    assert.match(remedy!.text, /security group .* on port 5432/);
  });
});
