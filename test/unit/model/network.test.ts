import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { GroupRule, SecurityGroup, Source } from '../../../src/model/network';
import { passage } from '../../../src/model/network';

const rule = (change: Partial<GroupRule> = {}): GroupRule => ({ protocol: 'tcp', from: 6379, to: 6379, cidrs: [], groupIds: [], prefixListIds: [], ...change });
const everything = rule({ protocol: '-1', cidrs: ['0.0.0.0/0'] });
const groups = (ingress: readonly GroupRule[], egress: readonly GroupRule[] = [everything]): SecurityGroup[] => [
  { id: 'sg-bastion', ingress: [], egress },
  { id: 'sg-cache', ingress, egress: [everything] },
];
const source: Source = { groupIds: ['sg-bastion'], addresses: ['10.10.0.11'], related: true };
const judge = (ingress: readonly GroupRule[], from: Source = source, egress?: readonly GroupRule[], port = 6379): string =>
  passage(from, ['sg-cache'], port, groups(ingress, egress));

describe('security groups', () => {
  const cases: readonly [string, string, string][] = [
    ['a rule for the group of the bastion', judge([rule({ groupIds: ['sg-bastion'] })]), 'permitted'],
    ['a rule for its address', judge([rule({ cidrs: ['10.10.0.0/24'] })]), 'permitted'],
    ['a rule for every port and protocol', judge([rule({ protocol: '-1', from: -1, to: -1, cidrs: ['10.0.0.0/8'] })]), 'permitted'],
    ['TCP by its number, without ports', judge([{ ...everything, protocol: '6' }]), 'permitted'],
    ['no rule at all', judge([]), 'denied'],
    ['a rule for another port', judge([rule({ from: 6380, to: 6390, cidrs: ['0.0.0.0/0'] })]), 'denied'],
    ['a rule for UDP', judge([rule({ protocol: 'udp', cidrs: ['0.0.0.0/0'] })]), 'denied'],
    ["a rule for the developer's own public address, since packets come from the bastion", judge([rule({ cidrs: ['198.51.100.7/32'] })]), 'denied'],
    ['a rule for another group, whatever addresses its members have', judge([rule({ groupIds: ['sg-other'] })]), 'denied'],
    ['a rule for IPv6 only', judge([rule({ cidrs: ['::/0'] })]), 'denied'],
    ['a rule for a prefix list, which nobody has read', judge([rule({ prefixListIds: ['pl-1'] })]), 'unknown'],
    ['a group rule where the two networks are not known to be joined', judge([rule({ groupIds: ['sg-bastion'] })], { ...source, related: false }), 'unknown'],
    ['egress for another port only', judge([rule({ groupIds: ['sg-bastion'] })], source, [rule({ from: 443, to: 443, cidrs: ['0.0.0.0/0'] })]), 'denied'],
    ['egress to some addresses, when those of the target are not known', judge([rule({ groupIds: ['sg-bastion'] })], source, [rule({ cidrs: ['10.10.0.0/16'] })]), 'unknown'],
    ['egress to the group of the target', judge([rule({ groupIds: ['sg-bastion'] })], source, [rule({ groupIds: ['sg-cache'] })]), 'permitted'],
    ['a malformed range', judge([rule({ cidrs: ['10.10.0.0', '10.10.0.0/x', '/8'] })]), 'denied'],
    ['groups that nobody has asked for', judge([rule({ groupIds: ['sg-bastion'] })], { addresses: ['10.10.0.11'], related: true }), 'unknown'],
    ['nothing that filters what it sends, and an address that is not known', judge([rule({ cidrs: ['10.0.0.0/8'] })], { groupIds: [], related: false }), 'unknown'],
    ['the same where everybody may come in', judge([rule({ cidrs: ['0.0.0.0/0'] })], { groupIds: [], related: false }), 'permitted'],
  ];
  for (const [name, actual, expected] of cases) it(`say "${expected}" of ${name}`, () => assert.equal(actual, expected));

  it('say what each of several endpoints gets: the writer passes where the reader does not', () => {
    const rules = [rule({ groupIds: ['sg-bastion'] })];
    assert.deepEqual([judge(rules, source, undefined, 6379), judge(rules, source, undefined, 6380)], ['permitted', 'denied']);
  });

  it('say nothing certain where a group could not be read, unless another one permits', () => {
    assert.equal(passage(source, ['sg-gone'], 6379, groups([])), 'unknown');
    assert.equal(passage(source, [], 6379, groups([])), 'unknown');
    assert.equal(passage(source, ['sg-gone', 'sg-cache'], 6379, groups([rule({ groupIds: ['sg-bastion'] })])), 'permitted');
  });

  const anyRule = fc.record({
    protocol: fc.constantFrom('tcp', 'udp', '-1', '6'),
    from: fc.constantFrom(0, 443, 6379, 6380),
    to: fc.constantFrom(443, 6379, 6380, 65535),
    cidrs: fc.subarray(['0.0.0.0/0', '10.10.0.0/16', '192.168.0.0/16', '::/0']),
    groupIds: fc.subarray(['sg-bastion', 'sg-cache', 'sg-other']),
    prefixListIds: fc.subarray(['pl-1']),
  });
  const worth = { denied: 0, unknown: 1, permitted: 2 } as const;

  it('only ever allow more with a further rule, and do not care about the order', () => {
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 4 }), fc.array(anyRule, { maxLength: 4 }), anyRule, fc.boolean(), fc.boolean(), (ingress, egress, more, out, related) => {
        const from = { ...source, related };
        const before = passage(from, ['sg-cache'], 6379, groups(ingress, egress));
        const after = passage(from, ['sg-cache'], 6379, out ? groups(ingress, [...egress, more]) : groups([...ingress, more], egress));
        assert.ok(worth[after] >= worth[before], `${before} → ${after}`);
        assert.equal(passage(from, ['sg-cache'], 6379, groups(ingress.toReversed(), egress.toReversed()).toReversed()), before);
      }),
    );
  });
});
