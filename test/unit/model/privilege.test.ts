import assert from 'node:assert/strict';
import type { RolePolicies } from '../../../src/model/privilege';
import { bastionPrivilege, privilegeOf } from '../../../src/model/privilege';

const aws = (name: string): string => `arn:aws:iam::aws:policy/${name}`;
const CORE = aws('AmazonSSMManagedInstanceCore');
const own = (name: string): string => `arn:aws:iam::111122223333:policy/${name}`;

describe('what a role may do', () => {
  const cases: readonly [string, RolePolicies, string][] = [
    ['what Session Manager needs, and nothing else', { attached: [CORE], inline: [] }, 'minimal'],
    ['the same by Default Host Management', { attached: ['arn:aws-us-gov:iam::aws:policy/AmazonSSMManagedEC2InstanceDefaultPolicy'], inline: [] }, 'minimal'],
    ['nothing at all', { attached: [], inline: [] }, 'minimal'],
    ['everything', { attached: [CORE, aws('AdministratorAccess')], inline: [] }, 'wide AdministratorAccess'],
    ['everything but people', { attached: [aws('PowerUserAccess')] }, 'wide PowerUserAccess'],
    ['to make itself an administrator', { attached: [aws('IAMFullAccess')] }, 'wide IAMFullAccess'],
    ['one service altogether', { attached: [CORE, aws('AmazonS3FullAccess')], inline: [] }, 'wide AmazonS3FullAccess'],
    ['one service altogether, by a policy with a path and a version', { attached: ['arn:aws-cn:iam::aws:policy/service-role/CloudWatchFullAccessV2'] }, 'wide CloudWatchFullAccessV2'],
    ['several of those: the widest is named', { attached: [aws('AmazonS3FullAccess'), aws('AdministratorAccess'), aws('IAMFullAccess')] }, 'wide AdministratorAccess'],
    ['one service altogether, and permissions', { attached: [aws('AmazonS3FullAccess'), aws('IAMFullAccess'), aws('PowerUserAccess')] }, 'wide IAMFullAccess'],
    ['something of AWS that its name does not tell', { attached: [CORE, aws('CloudWatchAgentServerPolicy')], inline: [] }, 'unknown'],
    ['something of one’s own, whatever it is called', { attached: [CORE, own('AdministratorAccess')], inline: [] }, 'unknown'],
    ['something of one’s own that is called as AWS calls the least', { attached: [own('AmazonSSMManagedInstanceCore')], inline: [] }, 'unknown'],
    ['a name that only begins or ends like a wide one', { attached: [aws('AdministratorAccess-Amplify'), aws('NoFullAccessHere')], inline: [] }, 'unknown'],
    ['something that is written into it', { attached: [CORE], inline: ['queue'] }, 'unknown'],
    ['the least, while nobody may see what is written into it', { attached: [CORE] }, 'unknown'],
    ['nothing written into it, while nobody may see what is attached', { inline: [] }, 'unknown'],
    ['what nobody may see', {}, 'unknown'],
  ];
  for (const [what, policies, expected] of cases) {
    it(`is ${expected}: ${what}`, () => {
      const privilege = privilegeOf(policies);
      assert.equal([privilege.level, ...('policy' in privilege ? [privilege.policy] : [])].join(' '), expected);
    });
  }

  it('is nothing for an instance without a role, and not known of what nobody tells', () => {
    const policies = { 'arn:role': { attached: [CORE], inline: [] } };
    const of = (kind: 'ec2' | 'ecs' | 'hybrid', identityArn?: string): string => bastionPrivilege({ kind, ...(identityArn !== undefined && { identityArn }) }, policies).level;
    assert.deepEqual([of('ec2'), of('ecs'), of('hybrid')], ['none', 'unknown', 'unknown']);
    assert.deepEqual([of('ec2', 'arn:role'), of('ecs', 'arn:role'), of('ec2', 'arn:other'), of('ec2', 'toString')], ['minimal', 'minimal', 'unknown', 'unknown']);
  });
});
