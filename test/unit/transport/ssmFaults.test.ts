import assert from 'node:assert/strict';
import { channelClosed } from '../../../src/transport/ssm/faults';

describe("the service's reason for ending a session", () => {
  for (const [output, code, says] of [
    ['Your session timed out due to inactivity and has been terminated.', 'ssm.sessionIdle', /^Session Manager ended the session because it was idle/],
    ['Session idle for 20 minutes.', 'ssm.sessionIdle', /idle/],
    ['Your session reached its maximum duration and has been terminated.', 'ssm.sessionExpired', /because it reached its maximum duration/],
    ['Max session duration exceeded', 'ssm.sessionExpired', /maximum duration/],
    ['Your session has been terminated by an administrator.', 'ssm.sessionTerminated', /^The session was terminated/],
    ['Plugin with name Port not found.', 'ssm.channelClosed', /^The session was closed: Plugin with name Port not found\.$/],
    ['Maximum number of sessions reached', 'ssm.channelClosed', /Maximum number/],
    ['', 'ssm.channelClosed', /without a reason/],
    [' \n', 'ssm.channelClosed', /without a reason/],
  ] as const) {
    it(`is recognised and told: ${JSON.stringify(output)}`, () => {
      const fault = channelClosed(output);
      assert.equal(fault.code, code);
      assert.match(fault.message, says);
      assert.match(fault.message, /^[A-Z].*\.$/s, 'a sentence');
      assert.ok(fault.message.includes(output.trim().replace(/\.$/, '')), 'its own words');
      assert.equal(fault.retryable, true);
      assert.ok(fault.remedy?.text.endsWith('.'));
    });
  }
});
