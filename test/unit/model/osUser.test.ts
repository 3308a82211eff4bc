import assert from 'node:assert/strict';
import { osUserFor, osUsersFor } from '../../../src/model/osUser';

describe('the login name of an instance', () => {
  const cases: readonly (readonly [platform: string, imageName: string, user: string | undefined])[] = [
    ['Linux/UNIX', 'al2023-ami-2023.6.20241010.0-kernel-6.1-arm64', 'ec2-user'],
    ['Linux/UNIX', 'amzn2-ami-hvm-2.0.20240131.0-x86_64-gp2', 'ec2-user'],
    ['Amazon Linux 2', '', 'ec2-user'],
    ['Linux/UNIX', 'ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240101', 'ubuntu'],
    ['Ubuntu Pro', '', 'ubuntu'],
    ['Linux/UNIX', 'debian-12-amd64-20240201-1644', 'admin'],
    ['Linux/UNIX', 'bitnami-redis-7.2.4-0-r05-linux-debian-12-x86_64-hvm-ebs', 'bitnami'],
    ['Linux/UNIX', 'Rocky-9-EC2-Base-9.3-20231113.0.x86_64', 'rocky'],
    ['Linux/UNIX', 'AlmaLinux OS 9.3.20231113 x86_64', 'ec2-user'],
    ['CentOS Linux 7', '', 'centos'],
    ['Linux/UNIX', 'Fedora-Cloud-Base-39-1.5.x86_64-hvm', 'fedora'],
    ['Linux/UNIX', 'Flatcar-stable-3760.2.0-hvm', 'core'],
    ['Red Hat Enterprise Linux', '', 'ec2-user'],
    ['SUSE Linux', '', 'ec2-user'],
    ['Windows', '', undefined],
    ['Linux/UNIX', 'search-service-42', 'ec2-user'],
    ['', '', 'ec2-user'],
  ];
  for (const [platform, imageName, user] of cases) {
    it(`is ${user ?? 'none'} for ${imageName || platform || 'nothing known'}`, () => assert.equal(osUserFor({ platform, imageName }), user));
  }

  it('comes with others to try', () => {
    assert.deepEqual(osUsersFor({ imageName: 'CentOS Stream 9' }), ['centos', 'ec2-user']);
    assert.deepEqual(osUsersFor({}), ['ec2-user']);
  });
});
