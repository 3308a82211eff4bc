import assert from 'node:assert/strict';
import { Fault, isCancelled } from '../../../src/base/fault';
import { canBeStarted, powerStep } from '../../../src/model/bastionPower';
import { Attempts } from '../../../src/vscode/attempts';
import { BastionStarter, type StartPolicy } from '../../../src/vscode/bastionStarter';
import { eventually } from '../../fixtures/eventually';
import { FakeClock } from '../../fixtures/fakeClock';
import { bastion, FakePower, FakeUi, MemoryLogger } from './samples';

const where = { profile: 'dev', region: 'eu-central-1' };
const never = new AbortController().signal;

describe('a bastion that is stopped', () => {
  it('can be started when it is an EC2 instance that Systems Manager knows', () => {
    assert.ok(canBeStarted(bastion({ state: 'stopped', managed: 'ConnectionLost' })));
    assert.ok(canBeStarted(bastion({ state: 'stopping', managed: 'unknown' })));
    assert.ok(!canBeStarted(bastion({ state: 'stopped', managed: 'unmanaged' })));
    assert.ok(!canBeStarted(bastion({ state: 'stopped', managed: 'Online', kind: 'ecs' })));
    assert.ok(!canBeStarted(bastion({ state: 'pending' })));
  });

  it('is asked to start once, and never while it is still stopping', () => {
    const agent = 'ConnectionLost' as const;
    assert.equal(powerStep({ instance: 'stopping', agent }, false), 'waitUntilStopped');
    assert.equal(powerStep({ instance: 'stopped', agent }, false), 'start');
    assert.equal(powerStep({ instance: 'stopped', agent }, true), 'waitUntilRunning');
    assert.equal(powerStep({ instance: 'running', agent }, true), 'waitUntilOnline');
    assert.equal(powerStep({ instance: 'running', agent: 'Online' }, false), 'ready');
    assert.equal(powerStep({ instance: 'terminated', agent }, false), 'never');
  });

  describe('is started', () => {
    let power: FakePower;
    let clock: FakeClock;
    let ui: FakeUi;
    let starter: BastionStarter;
    const policy: StartPolicy = 'ask';

    beforeEach(() => {
      power = new FakePower();
      clock = new FakeClock();
      ui = new FakeUi();
      starter = new BastionStarter({ power, policy: () => policy, clock, ui, attempts: new Attempts(ui, new MemoryLogger()) });
    });
    afterEach(() => assert.equal(clock.pending, 0));

    const look = async (looks: number): Promise<void> => {
      await eventually(() => power.looks === looks && clock.pending === 1, `look ${looks}`);
      clock.advance(3000);
    };

    it('and waited for until Session Manager reports it online, saying what is waited for', async () => {
      power.conditions = [
        { instance: 'stopping', agent: 'ConnectionLost' },
        { instance: 'stopped', agent: 'ConnectionLost' },
        { instance: 'pending', agent: 'ConnectionLost' },
        { instance: 'running', agent: 'ConnectionLost' },
        { instance: 'running', agent: 'Online' },
      ];
      const started = starter.run(where, 'i-1');
      assert.equal(starter.run(where, 'i-1'), started, 'whoever asks meanwhile waits for the same');
      for (let looks = 1; looks <= 4; looks++) await look(looks);
      assert.equal(await started, true);
      assert.deepEqual(power.started, ['i-1']);
      assert.deepEqual([...new Set(ui.said)], [
        'waiting until it has stopped',
        'asking EC2 to start it',
        'waiting until it runs',
        'waiting until Session Manager reports it online',
      ]);
    });

    it('in vain where that is not permitted, which is shown with its next step', async () => {
      power.refusal = new Fault('aws.accessDenied', 'No permission for ec2:StartInstances.', { remedy: { text: 'Add it.', action: 'selectProfile' } });
      assert.equal(await starter.run(where, 'i-1'), false);
      assert.equal(ui.errors[0]!.text, 'No permission for ec2:StartInstances. Add it.');
    });

    it('for five minutes at most, and not at all when it is terminated', async () => {
      power.conditions = [{ instance: 'running', agent: 'ConnectionLost' }];
      const slow = assert.rejects(starter.start(where, 'i-1', never, () => {}), { code: 'bastion.slowStart' });
      for (let looks = 1; looks <= 100; looks++) await look(looks);
      await slow;
      power.conditions = [{ instance: 'terminated', agent: 'unmanaged' }];
      await assert.rejects(starter.start(where, 'i-1', never, () => {}), { code: 'bastion.gone' });
    });

    it('until the person cancels', async () => {
      const abort = new AbortController();
      const starting = assert.rejects(starter.start(where, 'i-1', abort.signal, () => {}), isCancelled);
      await eventually(() => clock.pending === 1, 'waiting');
      abort.abort();
      await starting;
    });
  });
});
