import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Bastion } from '../../../src/model/bastion';
import { bastionKey } from '../../../src/model/bastion';
import type { NetworkFacts, SecurityGroup } from '../../../src/model/network';
import type { PoliciesByIdentity } from '../../../src/model/privilege';
import type { RankingEvidence, ReasonCode } from '../../../src/model/ranking';
import { DIRECT_KEY, equalBest, networkMatters, parseBastionTag, rankBastions, rankDirect } from '../../../src/model/ranking';
import { chooseBastion, goesDirectly } from '../../../src/model/route';
import { bastion, place, target } from '../vscode/samples';

const TAGS = { sallyport: 'bastion' };
const everything = { protocol: '-1', cidrs: ['0.0.0.0/0'], groupIds: [], prefixListIds: [] };
const cache = target({ vpcId: 'vpc-a', securityGroupIds: ['sg-cache'] });
const cacheOpenTo = (...groupIds: string[]): SecurityGroup => ({
  id: 'sg-cache',
  ingress: [{ protocol: 'tcp', from: 6379, to: 6379, cidrs: [], groupIds, prefixListIds: [] }],
  egress: [everything],
});
const sending = (id: string): SecurityGroup => ({ id, ingress: [], egress: [everything] });
const container: Partial<Bastion> = {
  kind: 'ecs',
  id: 'ecs:shop_1_2',
  ecs: { cluster: 'shop', group: 'service:tools', taskId: '1', container: 'tools' },
};
const hybrid: Bastion = { id: 'mi-1', kind: 'hybrid', name: 'office', place, state: 'running', managed: 'Online', agentVersion: '3.3.1142.0', securityGroupIds: [] };

const CORE = 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore';
const policies: PoliciesByIdentity = {
  least: { attached: [CORE], inline: [] },
  some: { attached: [CORE], inline: ['queue'] },
  admin: { attached: [CORE, 'arn:aws:iam::aws:policy/AdministratorAccess'], inline: [] },
};

const order = (bastions: readonly Bastion[], evidence: RankingEvidence = {}): string[] => rankBastions(cache, bastions, evidence).map((one) => one.bastion.id);
const reasons = (one: Bastion, evidence: RankingEvidence = {}): readonly ReasonCode[] => rankBastions(cache, [one], evidence)[0]?.reasons ?? [];

describe('the ranking of bastions', () => {
  const pairs: readonly [string, Bastion, Bastion, RankingEvidence][] = [
    ['one that runs before one that is stopped', bastion({ id: 'good', name: 'z' }), bastion({ id: 'bad', state: 'stopped', tags: TAGS }), { chosen: 'bad' }],
    ['an agent that is online before one that is not known', bastion({ id: 'good', name: 'z' }), bastion({ id: 'bad', managed: 'unknown' }), {}],
    ['the one of the same VPC before one of a peered VPC', bastion({ id: 'good', name: 'z' }), bastion({ id: 'bad', vpcId: 'vpc-b' }), { network: { peerings: [['vpc-b', 'vpc-a']] } }],
    ['the tagged one before others of the VPC', bastion({ id: 'good', name: 'z', tags: TAGS }), bastion({ id: 'bad' }), {}],
    [
      'a tagged one of a peered VPC before an untagged one of the same',
      bastion({ id: 'good', name: 'z', vpcId: 'vpc-b', tags: TAGS }),
      bastion({ id: 'bad' }),
      { network: { peerings: [['vpc-a', 'vpc-b']] } },
    ],
    ['one of the same VPC before a tagged one of which nobody knows where it leads', bastion({ id: 'good', name: 'z' }), bastion({ id: 'bad', vpcId: 'vpc-b', tags: TAGS }), {}],
    ['the one that the person has chosen before a tagged one', bastion({ id: 'good', name: 'z' }), bastion({ id: 'bad', tags: TAGS }), { chosen: 'good' }],
    [
      'one that the security groups let through before a chosen and tagged one that they block',
      bastion({ id: 'good', name: 'z', securityGroupIds: ['sg-good'] }),
      bastion({ id: 'bad', tags: TAGS, securityGroupIds: ['sg-bad'] }),
      { chosen: 'bad', port: 6379, network: { groups: [cacheOpenTo('sg-good'), sending('sg-good'), sending('sg-bad')] } },
    ],
    ['an instance before a container, which the next deployment replaces', bastion({ id: 'good', name: 'z' }), bastion({ ...container, id: 'bad' }), {}],
    ['a bastion of the VPC before a hybrid node', bastion({ id: 'good', name: 'z', managed: 'unknown' }), hybrid, {}],
  ];
  for (const [name, good, bad, evidence] of pairs) {
    it(`puts ${name}`, () => {
      assert.deepEqual(order([bad, good], evidence), [good.id, bad.id]);
    });
  }

  it('gives its reasons, the weightiest first', () => {
    assert.deepEqual(reasons(bastion({ tags: TAGS }), { chosen: 'i-0a1' }), ['chosenBefore', 'tagged', 'sameVpc', 'rulesUnknown', 'online', 'agentSuffices']);
    assert.deepEqual(reasons(bastion({ state: 'stopped' })), ['notRunning', 'sameVpc', 'rulesUnknown']);
    assert.deepEqual(reasons(hybrid), ['networkUnknown', 'rulesUnknown', 'online', 'agentSuffices']);
    assert.deepEqual(reasons(bastion({ securityGroupIds: ['sg-1'] }), { port: 6379, network: { groups: [cacheOpenTo('sg-2'), sending('sg-1')] } }).slice(0, 2), ['blocked', 'sameVpc']);
  });

  describe('by what their roles may do', () => {
    const of = (identityArn: string, change: Partial<Bastion> = {}): Bastion => bastion({ id: identityArn, name: 'same', identityArn, ...change });
    const roleless = bastion({ id: 'a-roleless', name: 'same' });

    it('puts the less privileged first among equals, and says why', () => {
      assert.deepEqual(order([of('admin'), of('some'), of('unread'), of('least'), roleless], { policies }), ['a-roleless', 'least', 'some', 'unread', 'admin']);
      const [first, second, , , last] = rankBastions(cache, [of('admin'), of('some'), of('unread'), of('least'), roleless], { policies });
      assert.deepEqual([first!.reasons.at(-1), second!.reasons.at(-1), last!.reasons.at(-1), last!.widePolicy], ['noRole', 'minimalRole', 'wideRole', 'AdministratorAccess']);
      assert.ok(!reasons(of('some'), { policies }).some((reason) => reason.endsWith('Role')), 'what says nothing is not said');
    });

    it('judges nobody while nobody has asked', () => {
      assert.deepEqual(order([of('least'), of('admin')]), ['admin', 'least']);
      assert.ok(!reasons(of('admin')).includes('wideRole') && !reasons(roleless).includes('noRole'));
    });

    it('decides nothing that anything else decides', () => {
      for (const better of [{ tags: TAGS }, { managed: 'Online' }, { vpcId: 'vpc-a' }] satisfies Partial<Bastion>[]) {
        const worse = bastion({ id: 'least', identityArn: 'least', managed: 'unknown' });
        assert.deepEqual(order([worse, of('admin', better)], { policies }), ['admin', 'least']);
      }
      assert.deepEqual(order([bastion({ ...container, id: 'least', identityArn: 'least' }), of('admin')], { policies }), ['admin', 'least']);
      assert.deepEqual(order([of('least'), of('admin')], { policies, chosen: 'admin' }), ['admin', 'least']);
      assert.deepEqual(order([of('admin', { state: 'stopped' }), of('some')], { policies }), ['some', 'admin']);
    });

    it('matters for the best alone, and where they differ in their roles', () => {
      const matters = (bastions: readonly Bastion[], evidence: RankingEvidence = {}): string[] => equalBest(rankBastions(cache, bastions, evidence)).map(({ id }) => id);
      assert.deepEqual(matters([of('one'), of('two'), of('third', { managed: 'unknown' }), of('off', { state: 'stopped' })]), ['one', 'two']);
      assert.deepEqual(matters([of('one'), roleless]), ['a-roleless', 'one']);
      assert.deepEqual(matters([of('one'), of('two')], { chosen: 'two' }), [], 'the person has decided');
      assert.deepEqual(matters([of('one', { id: 'x' }), of('one', { id: 'y' })]), [], 'machines of one role');
      assert.deepEqual([matters([of('one')]), matters([]), matters([roleless, bastion({ id: 'b' })]), matters([hybrid, { ...hybrid, id: 'mi-2' }])], [[], [], [], []]);
    });
  });

  it('leaves out other accounts and regions, and other VPCs that nothing speaks for', () => {
    const elsewhere = bastion({ vpcId: 'vpc-b' });
    assert.deepEqual(order([bastion({ place: { ...place, accountId: '999999999999' } }), bastion({ place: { ...place, region: 'us-east-1' } }), elsewhere]), []);
    assert.deepEqual(order([elsewhere], { network: { peerings: [['vpc-b', 'vpc-c']] } }), []);
    for (const evidence of [{ network: { peerings: [['vpc-a', 'vpc-b']] } }, { chosen: elsewhere.id }, { tag: { key: 'x' } }] satisfies RankingEvidence[]) {
      assert.deepEqual(order([{ ...elsewhere, tags: { x: '' } }], evidence), [elsewhere.id]);
    }
  });

  it('remembers a container by what outlives its task', () => {
    const before = bastion(container);
    const after = bastion({ ...container, id: 'ecs:shop_9_9', ecs: { ...container.ecs!, taskId: '9' } });
    assert.equal(bastionKey(before), bastionKey(after));
    assert.ok(reasons(after, { chosen: bastionKey(before) }).includes('chosenBefore'));
  });

  it('knows a tag by its value, by its key alone where no value is asked for, and by nothing that it inherits', () => {
    const tagged = (text: string, tags: Record<string, string>): boolean => reasons(bastion({ tags }), { tag: parseBastionTag(text) }).includes('tagged');
    assert.ok(tagged('', TAGS) && tagged('role=jump=1', { role: 'jump=1' }) && tagged(' role ', { role: '' }) && tagged('role = jump', { role: 'jump' }));
    assert.ok(!tagged('', { sallyport: 'no' }) && !tagged('role=', { role: 'jump' }) && !tagged('toString', {}));
  });

  it('asks for the network only where it could change what is taken', () => {
    const matters = (...bastions: Bastion[]): boolean => networkMatters(rankBastions(cache, bastions, {}));
    assert.ok(!matters(bastion()) && !matters(bastion(), bastion({ id: 'i-2', state: 'stopped' }), hybrid));
    assert.ok(matters() && matters(bastion(), bastion({ id: 'i-2' })) && matters(hybrid) && matters(bastion(), bastion({ id: 'i-2', vpcId: 'vpc-b', tags: TAGS })));
    assert.ok(!matters(bastion({ tags: TAGS }), bastion({ id: 'i-2', vpcId: 'vpc-b', tags: TAGS })), 'the nearer of two that are marked');
  });

  it('takes no bastion of another VPC for its tag alone, and the explanation stays that of the VPC itself', () => {
    const marked = bastion({ id: 'i-2', vpcId: 'vpc-b', tags: TAGS });
    assert.throws(() => chooseBastion(cache, [marked]), { code: 'route.noBastion' });
    assert.throws(() => chooseBastion(cache, [marked, bastion({ state: 'stopped' })]), { code: 'route.bastionStopped' });
    assert.equal(chooseBastion(cache, [marked], { network: { peerings: [['vpc-a', 'vpc-b']] } }).id, 'i-2');
  });

  it('takes a hybrid node by itself only when the person has chosen it, and says that there is one', () => {
    assert.equal(chooseBastion(cache, [hybrid], { chosen: 'mi-1' }).id, 'mi-1');
    assert.throws(() => chooseBastion(cache, [hybrid]), (error: Error & { remedy?: { text: string } }) => /no bastion in VPC/.test(error.message) && /Connect Through/.test(error.remedy!.text));
  });

  it('says of a container how its exec agent comes back', () => {
    assert.throws(() => chooseBastion(cache, [bastion({ ...container, managed: 'ConnectionLost' })]), (error: Error & { remedy?: { text: string } }) =>
      /--cluster shop --service tools --enable-execute-command --force-new-deployment/.test(error.remedy!.text),
    );
  });
});

const anyBastion = fc.record({
  number: fc.nat({ max: 20 }),
  name: fc.constantFrom('a', 'A', 'b2', 'b10'),
  kind: fc.constantFrom('ec2', 'hybrid', 'ecs'),
  state: fc.constantFrom('running', 'stopped'),
  managed: fc.constantFrom('Online', 'ConnectionLost', 'unmanaged', 'unknown'),
  agentVersion: fc.constantFrom('3.3.1142.0', '3.1.0.0', undefined),
  vpcId: fc.constantFrom('vpc-a', 'vpc-b', 'vpc-c', undefined),
  tagged: fc.boolean(),
});
const anyWorld = fc.uniqueArray(anyBastion, { minLength: 1, maxLength: 8, selector: ({ number }) => number }).map((rows) =>
  rows.map(({ number, agentVersion, vpcId, tagged, ...row }): Bastion => ({
    ...row,
    id: `i-${number}`,
    place,
    securityGroupIds: row.kind === 'ec2' ? [`sg-${number}`] : [],
    ...(agentVersion && { agentVersion }),
    ...(vpcId && { vpcId }),
    ...(tagged && { tags: TAGS }),
  })),
);
const anyEvidence = fc.record({
  port: fc.constant(6379),
  chosen: fc.constantFrom<(string | undefined)[]>(undefined, 'i-0', 'i-1'),
  peered: fc.boolean(),
  open: fc.option(fc.subarray(Array.from({ length: 21 }, (_, index) => `sg-${index}`)), { nil: undefined }),
});
type AnyEvidence = typeof anyEvidence extends fc.Arbitrary<infer T> ? T : never;

function evidenceOf({ port, chosen, peered, open }: AnyEvidence): RankingEvidence {
  const network: NetworkFacts = {
    ...(peered && { peerings: [['vpc-a', 'vpc-b']] }),
    ...(open && { groups: [cacheOpenTo(...open), ...Array.from({ length: 21 }, (_, index) => sending(`sg-${index}`))] }),
  };
  return { port, network, ...(chosen && { chosen }) };
}

describe('any ranking of bastions', () => {
  it('does not depend on the order of its input, loses nobody to a tie, and gives everybody a reason', () => {
    fc.assert(
      fc.property(anyWorld, anyEvidence, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (bastions, some, random) => {
        const evidence = evidenceOf(some);
        const ranking = rankBastions(cache, bastions, evidence);
        const shuffled = bastions.map((one) => ({ one, key: random.next().value as number })).toSorted((a, b) => a.key - b.key).map(({ one }) => one);
        assert.deepEqual(rankBastions(cache, shuffled, evidence), ranking);
        assert.equal(new Set(ranking.map((one) => one.bastion.id)).size, ranking.length);
        for (const { reasons: why, obstacle } of ranking) assert.ok(why.length > 0 && (obstacle === undefined || why[0] === obstacle));
        const firstUnusable = ranking.findIndex(({ obstacle }) => obstacle !== undefined);
        assert.ok(firstUnusable < 0 || ranking.slice(firstUnusable).every(({ obstacle }) => obstacle !== undefined), 'what cannot be used is last');
      }),
    );
  });

  const better: readonly [string, (one: Bastion, some: AnyEvidence) => [Bastion, AnyEvidence]][] = [
    ['in the VPC', (one, some) => [{ ...one, vpcId: 'vpc-a' }, some]],
    ['running', (one, some) => [{ ...one, state: 'running' }, some]],
    ['online', (one, some) => [{ ...one, managed: 'Online' }, some]],
    ['of a new agent', (one, some) => [{ ...one, agentVersion: '3.3.1142.0' }, some]],
    ['tagged', (one, some) => [{ ...one, tags: TAGS }, some]],
    ['chosen', (one, some) => [one, { ...some, chosen: one.id }]],
    ['let in', (one, some) => [one, { ...some, ...(some.open && { open: [...new Set([...some.open, ...one.securityGroupIds])] }) }]],
  ];
  for (const [name, improve] of better) {
    it(`never puts a bastion lower for being ${name}`, () => {
      fc.assert(
        fc.property(anyWorld, anyEvidence, fc.nat(), (bastions, some, pick) => {
          const one = bastions[pick % bastions.length]!;
          const [improved, more] = improve(one, some);
          const rankOf = (all: readonly Bastion[], evidence: AnyEvidence): { at: number; of: number } => {
            const ids = rankBastions(cache, all, evidenceOf(evidence)).map((ranked) => ranked.bastion.id);
            return { at: ids.indexOf(one.id), of: ids.length };
          };
          const before = rankOf(bastions, some);
          const after = rankOf(bastions.map((other) => (other === one ? improved : other)), more);
          if (before.at < 0) return;
          assert.ok(after.at >= 0 && after.at <= before.at, `from ${before.at} of ${before.of} to ${after.at} of ${after.of}`);
        }),
      );
    });
  }
});

describe('the way without a bastion', () => {
  const [primary, reader] = cache.endpoints;
  const open = { ...primary!, public: true };
  const custom = target({ kind: 'custom', endpoints: [{ role: 'endpoint', host: 'db.example', port: 5432 }] });
  const { vpcId: _vpc, ...placeless } = custom;

  it('is none for what AWS does not call public, whatever was chosen', () => {
    assert.deepEqual([rankDirect(cache, primary!, {}), rankDirect(cache, reader!, { chosen: DIRECT_KEY })], [undefined, undefined]);
    assert.equal(goesDirectly(cache, primary!, [], {}), false);
  });

  it('goes before all bastions for a public endpoint, and says why', () => {
    assert.deepEqual(rankDirect(cache, open, {}), { reasons: ['public'], automatic: true });
    assert.equal(goesDirectly(cache, open, [bastion({ tags: TAGS })], {}), true);
  });

  it('gives way to the bastion that the person has chosen, as long as that can be used', () => {
    const chosen = { chosen: 'i-0a1' };
    assert.equal(goesDirectly(cache, open, [bastion()], chosen), false);
    assert.equal(goesDirectly(cache, open, [bastion({ state: 'stopped' })], chosen), true);
    assert.equal(goesDirectly(cache, open, [], chosen), true);
    assert.deepEqual(rankDirect(cache, open, { chosen: DIRECT_KEY })?.reasons, ['chosenBefore', 'public']);
  });

  it('is taken for a custom target that stands in no VPC, and only offered for one that does', () => {
    assert.deepEqual(rankDirect(placeless, placeless.endpoints[0]!, {}), { reasons: ['noVpc'], automatic: true });
    assert.deepEqual(rankDirect(custom, custom.endpoints[0]!, {}), { reasons: ['ownNetwork'], automatic: false });
    assert.equal(goesDirectly(custom, custom.endpoints[0]!, [bastion()], { chosen: DIRECT_KEY }), true);
  });
});
