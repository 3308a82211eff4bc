import { strict as assert } from 'node:assert';
import { Fault, type FaultCode } from '../../../src/base/fault';
import { wayOf, type Route } from '../../../src/model/route';
import { afterDial, afterLoss, newRound, planOf, routeOf, type RoutePlan, type Verdict } from '../../../src/tunnel/recovery';
import { testRoute } from '../../fixtures/fakeTransport';

const over = (id: string, method: 'ssm' | 'ssh' = 'ssm'): Route => ({ ...testRoute, bastion: { id, name: id }, method });
const passing = (code: FaultCode): Fault => new Fault(code, 'It failed.', { retryable: true });
const lasting = (code: FaultCode): Fault => new Fault(code, 'It failed.');
const bastion = (verdict: Verdict): string => (verdict.do === 'dial' ? wayOf(routeOf(verdict.plan)) : verdict.do);

describe('what a failure of a tunnel calls for', () => {
  it('another try for what passes, the person for authentication, an end for the rest', () => {
    assert.equal(afterLoss(passing('ssm.sessionEnded'), false).do, 'wait');
    for (const code of ['aws.expiredCredentials', 'aws.mfaNeeded', 'ssh.permissionDenied', 'proxy.loginRefused'] as const) {
      assert.equal(afterLoss(lasting(code), false).do, 'hold', code);
      assert.equal(afterLoss(lasting(code), true).do, 'hold', code);
    }
    assert.equal(afterLoss(lasting('aws.accessDenied'), false).do, 'stop');
    assert.equal(afterLoss(lasting('aws.accessDenied'), true).do, 'linger');
    assert.equal(afterLoss(lasting('instanceConnect.notRunning'), false).do, 'wait');
  });

  it('never another try of authentication, not even of one that calls itself retryable', () => {
    assert.equal(afterLoss(passing('aws.invalidKey'), false).do, 'hold');
  });

  describe('with other bastions', () => {
    const plan = planOf(over('a'), [over('b', 'ssh'), over('c')]);
    const gone = passing('ssm.targetNotConnected');

    it('goes on to each of them once when its own is gone, and is judged by its own fault then', () => {
      const second = afterDial(plan, gone, false);
      assert.equal(bastion(second), 'b');
      const again = afterDial((second as { plan: RoutePlan }).plan, passing('ssh.refused'), false);
      assert.equal(bastion(again), 'b', 'once may be chance');
      const third = afterDial((again as { plan: RoutePlan }).plan, passing('ssh.timeout'), false);
      assert.equal(bastion(third), 'c');
      const last = afterDial((third as { plan: RoutePlan }).plan, lasting('aws.accessDenied'), false);
      assert.deepEqual(last, { do: 'wait', cause: gone });
      assert.equal(routeOf(newRound((third as { plan: RoutePlan }).plan)).bastion?.id, 'a');
    });

    it('stays where only the service or the network fails', () => {
      assert.equal(afterDial(plan, passing('aws.unreachable'), false).do, 'wait');
      assert.equal(afterDial(plan, passing('target.unreachable'), false).do, 'wait');
    });

    it('asks for a sign-in at once, wherever it stands', () => {
      assert.equal(afterDial(plan, lasting('aws.expiredCredentials'), false).do, 'hold');
      assert.equal(afterDial({ ...plan, at: 1, first: gone }, lasting('aws.expiredCredentials'), false).do, 'hold');
    });

    it('passes an alternate by that wants a login', () => {
      assert.equal(bastion(afterDial({ ...plan, at: 1, first: gone }, lasting('ssh.permissionDenied'), false)), 'c');
    });

    it('takes the bastions where the endpoint cannot be reached directly, and says why first', () => {
      const { bastion: _none, ssh: _neither, ...ends } = testRoute;
      const direct: Route = { ...ends, method: 'direct' };
      for (const code of ['direct.refused', 'direct.timeout', 'direct.unresolved', 'direct.unreachable', 'proxy.refused', 'proxy.timeout'] as const) {
        assert.equal(bastion(afterDial(planOf(direct, [over('b')]), passing(code), false)), 'b', code);
        assert.equal(bastion(afterDial(planOf(direct), passing(code), false)), 'wait', `${code}: nothing else to try`);
      }
      const first = passing('direct.timeout');
      const second = afterDial(planOf(direct, [over('b')]), first, false);
      assert.deepEqual(afterDial((second as { plan: RoutePlan }).plan, passing('ssm.targetNotConnected'), false), { do: 'wait', cause: first });
      assert.equal(bastion(afterDial(planOf(direct, [over('b')]), lasting('proxy.loginNeeded'), false)), 'hold');
      assert.equal(bastion(afterDial(planOf(over('a'), [over('b')]), lasting('proxy.refused'), false)), 'stop', 'a proxy refuses AWS, whatever the bastion');
    });

    it('takes five of them, and only those that lead to the same destination', () => {
      const elsewhere: Route = { ...over('x'), endpoint: { host: 'other.internal', port: 1 } };
      const many = ['1', '2', '3', '4', '5', '6'].map((id) => over(id));
      assert.deepEqual(
        planOf(over('a'), [elsewhere, ...many]).routes.map((route) => route.bastion?.id),
        ['a', '1', '2', '3', '4', '5'],
      );
    });
  });
});
