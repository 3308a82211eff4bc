import assert from 'node:assert/strict';
import { routeShape } from '../../../src/broker/protocol';
import { testRoute } from '../../fixtures/fakeTransport';

describe('a route between a window and the broker', () => {
  const { bastion, ...ends } = testRoute;
  const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

  it('has a bastion, or is direct', () => {
    assert.ok(routeShape(asJson(testRoute)));
    assert.ok(routeShape(asJson({ ...ends, method: 'direct' })));
  });

  it('is refused with both, with neither, and with a method that nobody knows', () => {
    assert.ok(!routeShape({ ...testRoute, method: 'direct' }));
    assert.ok(!routeShape({ ...ends, method: 'direct', bastion: null }));
    assert.ok(!routeShape({ ...ends, method: 'direct', ssh: { host: 'x', via: 'direct', instanceConnect: false } }));
    assert.ok(!routeShape({ ...ends, method: 'ssm' }));
    assert.ok(!routeShape({ ...ends, bastion, method: 'pigeon' }));
    assert.ok(!routeShape({ ...ends, bastion, method: undefined }));
  });
});
