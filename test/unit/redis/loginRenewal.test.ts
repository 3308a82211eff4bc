import assert from 'node:assert/strict';
import { Fault } from '../../../src/base/fault';
import { LoginRenewal, type RenewalOutcome } from '../../../src/redis/loginRenewal';
import { FakeClock } from '../../fixtures/fakeClock';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('The renewal of an IAM login', () => {
  let clock: FakeClock;
  let tries: number;
  let outcome: () => Promise<RenewalOutcome>;
  let renewal: LoginRenewal;

  beforeEach(() => {
    clock = new FakeClock();
    tries = 0;
    outcome = async () => 'renewed';
    renewal = new LoginRenewal(clock, () => {
      tries++;
      return outcome();
    });
  });

  const settled = (): Promise<void> => new Promise(setImmediate);
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settled();
  };

  it('comes before the cut at twelve hours, and again as late after that', async () => {
    renewal.begin();
    await pass(11 * HOUR + 45 * MINUTE - 1);
    assert.equal(tries, 0);
    await pass(1);
    assert.equal(tries, 1);
    await pass(11 * HOUR + 45 * MINUTE);
    assert.equal(tries, 2);
  });

  it('waits for the end of a transaction', async () => {
    outcome = async () => 'inTransaction';
    renewal.begin();
    renewal.transactionEnded();
    await pass(12 * HOUR);
    assert.equal(tries, 1);
    assert.equal(clock.pending, 0);
    outcome = async () => 'renewed';
    renewal.transactionEnded();
    await settled();
    assert.equal(tries, 2);
    renewal.transactionEnded();
    await settled();
    assert.equal(tries, 2);
    assert.equal(clock.nextIn, 11 * HOUR + 45 * MINUTE);
  });

  it('is tried again while that may help, and never after a refusal', async () => {
    outcome = () => Promise.reject(new Fault('aws.unreachable', 'No network.', { retryable: true }));
    renewal.begin();
    await pass(11 * HOUR + 45 * MINUTE);
    await pass(3 * MINUTE);
    assert.equal(tries, 2);
    outcome = () => Promise.reject(new Fault('redis.iamRefused', 'No.'));
    await pass(3 * MINUTE);
    assert.equal(tries, 3);
    assert.equal(clock.pending, 0);
  });

  it('ends with its connection, and with another login', async () => {
    outcome = async () => 'obsolete';
    renewal.begin();
    await pass(12 * HOUR);
    assert.equal(clock.pending, 0);
    let settle: (outcome: RenewalOutcome) => void = () => {};
    outcome = () => new Promise((resolve) => (settle = resolve));
    renewal.begin();
    await pass(12 * HOUR);
    renewal.stop();
    settle('renewed');
    await settled();
    assert.equal(clock.pending, 0);
    assert.equal(tries, 2);
  });
});
