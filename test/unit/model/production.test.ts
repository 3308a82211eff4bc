import assert from 'node:assert/strict';
import { isProduction, productionReasons, type ProductionRules } from '../../../src/model/production';
import { SETTINGS } from '../../../src/vscode/contributions';

const DEFAULTS: ProductionRules = {
  tags: SETTINGS.productionTags.default,
  accounts: SETTINGS.productionAccounts.default,
  namePatterns: SETTINGS.productionNames.default,
};
const NONE: ProductionRules = { tags: [], accounts: [], namePatterns: [] };
const facts = (name: string, tags: Readonly<Record<string, string>> = {}): Parameters<typeof isProduction>[0] => ({
  id: `arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:${name}`,
  name,
  tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
});

describe('isProduction', () => {
  for (const name of ['orders-prod', 'prod', 'PROD-orders', 'orders_production', 'orders.prd.cache', 'live-sessions']) {
    it(`takes ${name} for production by its name`, () => assert.ok(isProduction(facts(name), DEFAULTS)));
  }
  for (const name of ['orders', 'product-catalog', 'reproduction', 'orders-dev', 'non-prod-orders', 'pre-prod', 'preprod', 'deliver']) {
    it(`does not take ${name} for production`, () => assert.ok(!isProduction(facts(name), DEFAULTS)));
  }

  it('goes by tags, in any case of letters', () => {
    for (const tags of [{ env: 'prod' }, { Environment: 'Production' }, { STAGE: 'prd' }, { env: 'prod-eu' }, { environment: ' live ' }]) {
      assert.ok(isProduction(facts('orders', tags), DEFAULTS), JSON.stringify(tags));
    }
    for (const tags of [{ env: 'dev' }, { environment: 'nonprod' }, { name: 'prod' }, { stage: '' }]) {
      assert.ok(!isProduction(facts('orders', tags), DEFAULTS), JSON.stringify(tags));
    }
  });

  it('goes by the account of the ARN', () => {
    assert.ok(isProduction(facts('orders'), { ...NONE, accounts: ['999999999999', ' 111122223333 '] }));
    assert.ok(!isProduction(facts('orders'), { ...NONE, accounts: ['999999999999', ''] }));
    assert.ok(!isProduction({ id: 'sandbox', name: 'orders' }, { ...NONE, accounts: [''] }));
  });

  it('gives every reason', () => {
    const reasons = productionReasons(facts('orders-prod', { env: 'prod' }), { ...DEFAULTS, accounts: ['111122223333'] });
    assert.deepEqual(reasons, [
      { fact: 'tag', tag: { key: 'env', value: 'prod' } },
      { fact: 'account', accountId: '111122223333' },
      { fact: 'name', pattern: 'prod' },
    ]);
  });

  it('matches patterns as wholes, and quickly', () => {
    const by = (pattern: string, name: string): boolean => isProduction(facts(name), { ...NONE, namePatterns: [pattern] });
    assert.ok(by('pay*-p', 'payments-p'));
    assert.ok(by('*', 'x'));
    assert.ok(by('a*b*c', 'aXbXc'));
    assert.ok(!by('a*a', 'a'), 'the parts may not overlap');
    assert.ok(!by('a*b*b', 'ab'));
    assert.ok(!by('pay*-p', 'payments-q'));
    assert.ok(!by('a.c', 'abc'), 'nothing else is special');
    assert.ok(!by(`${'a*'.repeat(500)}b`, 'a'.repeat(100_000)));
  });

  it('decides nothing without rules', () => assert.ok(!isProduction(facts('prod', { env: 'prod' }), NONE)));

  it('takes no rule that is none', () => {
    assert.ok(!isProduction(facts('x', { '': 'prod', env: 'prod' }), { ...NONE, tags: ['=prod', 'env', ''], namePatterns: ['', ' '] }));
  });
});
