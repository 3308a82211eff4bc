import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { Target, TargetKind } from '../../../src/model/target';
import { isWebAddress } from '../../../src/model/question';
import { describeCommand, forwardCommand, quote, sessionCommand, shellOf } from '../../../src/vscode/awsCli';
import { consoleUrl } from '../../../src/vscode/awsConsole';
import { bastion, place, target } from './samples';

const ecs = { cluster: 'shop', group: 'service:tools', taskId: '0123', container: 'tools' };
const container = bastion({ kind: 'ecs', id: 'ecs:shop_0123_0123-9', ecs });
const KINDS: readonly TargetKind[] = ['elasticache.replicationGroup', 'elasticache.serverless', 'elasticache.cluster', 'memorydb.cluster', 'rds.instance', 'rds.cluster', 'rds.proxy', 'docdb.cluster', 'neptune.cluster'];

function inRegion(region: string, change: Partial<Target> = {}): Target {
  return target({ name: 'shop', ...change, place: { ...place, region } });
}

describe('pages of the AWS console', () => {
  it('are one for each kind of resource', () => {
    const base = 'https://eu-central-1.console.aws.amazon.com/';
    const urls = Object.fromEntries(KINDS.map((kind) => [kind, consoleUrl(target({ kind, name: 'shop' }))?.replace(base, '')]));
    assert.deepEqual(urls, {
      'elasticache.replicationGroup': 'elasticache/home?region=eu-central-1#/redis/shop',
      'elasticache.serverless': 'elasticache/home?region=eu-central-1#/redis',
      'elasticache.cluster': 'elasticache/home?region=eu-central-1#/redis/shop',
      'memorydb.cluster': 'memorydb/home?region=eu-central-1#/clusters/shop',
      'rds.instance': 'rds/home?region=eu-central-1#database:id=shop;is-cluster=false',
      'rds.cluster': 'rds/home?region=eu-central-1#database:id=shop;is-cluster=true',
      'rds.proxy': 'rds/home?region=eu-central-1#proxy:id=shop',
      'docdb.cluster': 'docdb/home?region=eu-central-1#cluster-details/shop',
      'neptune.cluster': 'neptune/home?region=eu-central-1#database:id=shop;is-cluster=true',
    });
    assert.equal(consoleUrl(bastion()), `${base}ec2/home?region=eu-central-1#InstanceDetails:instanceId=i-0a1`);
    assert.equal(consoleUrl(bastion({ kind: 'hybrid', id: 'mi-1' })), `${base}systems-manager/managed-instances/mi-1/description?region=eu-central-1`);
    assert.equal(consoleUrl(container), `${base}ecs/v2/clusters/shop/tasks/0123/configuration?region=eu-central-1`);
    assert.ok(consoleUrl(target({ engine: 'memcached', kind: 'elasticache.cluster' }))!.includes('#/memcached/'));
  });

  it('are in the partition of the region, and nowhere for regions that are none', () => {
    const hosts = ['us-east-1', 'cn-north-1', 'us-gov-west-1', 'us-iso-east-1', 'us-isob-east-1', 'evil.example/', 'eu-central-1@evil.example', ''].map((region) => consoleUrl(inRegion(region))?.split('/')[2]);
    assert.deepEqual(hosts, ['us-east-1.console.aws.amazon.com', 'cn-north-1.console.amazonaws.cn', 'us-gov-west-1.console.amazonaws-us-gov.com', undefined, undefined, undefined, undefined, undefined]);
  });

  it('keep a name a name, whatever is in it', () => {
    const url = consoleUrl(target({ kind: 'rds.instance', name: 'a;is-cluster=true#/?x y😀' }))!;
    assert.ok(isWebAddress(url));
    assert.match(url, /#database:id=a%3Bis-cluster%3Dtrue%23%2F%3Fx%20y%F0%9F%98%80;is-cluster=false$/);
    assert.equal(new URL(url).href, url);
  });
});

describe('commands of the AWS CLI', () => {
  it('describe each kind of resource, in its profile and region', () => {
    const commands = KINDS.map((kind) => describeCommand(target({ kind, name: 'shop' }), 'posix'));
    assert.equal(new Set(commands).size, KINDS.length);
    for (const command of commands) assert.match(command!, /^aws [a-z]+ describe-[a-z-]+ --[a-z-]+ shop (?:--show-[a-z-]+ )?--profile dev --region eu-central-1$/);
    assert.equal(describeCommand(bastion(), 'posix'), 'aws ec2 describe-instances --instance-ids i-0a1 --profile dev --region eu-central-1');
    assert.equal(describeCommand(container, 'posix'), 'aws ecs describe-tasks --cluster shop --tasks 0123 --profile dev --region eu-central-1');
    const endpoint = target({ kind: 'rds.proxy', name: 'far', id: 'arn:aws:rds:eu-central-1:1:db-proxy-endpoint:prx-1' });
    assert.match(describeCommand(endpoint, 'posix')!, /describe-db-proxy-endpoints --db-proxy-endpoint-name far/);
  });

  it('name no profile for credentials of the environment', () => {
    const own = { ...place, profile: 'environment' };
    assert.equal(describeCommand(bastion({ place: own }), 'posix'), 'aws ec2 describe-instances --instance-ids i-0a1 --region eu-central-1');
  });

  it('forward a port as a tunnel does', () => {
    const [primary] = target().endpoints;
    assert.equal(
      forwardCommand(bastion(), primary!, 'posix'),
      'aws ssm start-session --target i-0a1 --document-name AWS-StartPortForwardingSessionToRemoteHost --parameters host=orders-cache.example,portNumber=6379,localPortNumber=6379 --profile dev --region eu-central-1',
    );
    // A comma makes an array in PowerShell.
    assert.ok(forwardCommand(bastion(), { host: 'a.example', port: 443 }, 'powershell').includes("--parameters 'host=a.example,portNumber=443,localPortNumber=8443' "));
    assert.throws(() => forwardCommand(bastion(), { host: 'a,b', port: 1 }, 'posix'), { code: 'cli.unsafe' });
    assert.throws(() => forwardCommand(bastion(), { host: 'localhost', port: 1 }, 'posix'), { code: 'cli.noForward' });
  });

  it('open a shell on a bastion', () => {
    assert.equal(sessionCommand(bastion(), 'posix'), 'aws ssm start-session --target i-0a1 --profile dev --region eu-central-1');
    assert.match(sessionCommand(container, 'posix'), /^aws ecs execute-command --cluster shop --task 0123 --container tools --interactive --command \/bin\/sh /);
  });

  const odd = ["it's", 'two words', '"quoted"', '$HOME `id` $(id)', 'a;b|c&d>e', '😀 shop', '', '~', '=x', '*', String.raw`back\slash`, '!!', 'a,b', '@a'];

  it('reach the program as they are, in a POSIX shell', () => {
    for (const word of odd) {
      const { stdout } = spawnSync('/bin/sh', ['-c', `printf %s ${quote(word, 'posix')}`], { encoding: 'utf8' });
      assert.equal(stdout, word);
    }
  });

  it('are quoted as PowerShell reads it', () => {
    assert.deepEqual(odd.map((word) => quote(word, 'powershell')).slice(0, 6), ["'it''s'", "'two words'", "'\"quoted\"'", "'$HOME `id` $(id)'", "'a;b|c&d>e'", "'😀 shop'"]);
    assert.equal(quote('\u2019; calc', 'powershell'), "'\u2019\u2019; calc'");
    assert.equal(quote('plain-1.2:x', 'powershell'), 'plain-1.2:x');
    assert.deepEqual([shellOf('win32'), shellOf('darwin'), shellOf('linux')], ['powershell', 'posix', 'posix']);
  });

  it('are none with what a terminal would obey, and let no name be an option', () => {
    for (const name of ['a\nrm', 'a\u001b[2J', 'a\u202Eb', 'a\u0000']) {
      assert.throws(() => describeCommand(target({ name }), 'posix'), { code: 'cli.unsafe' });
      assert.throws(() => describeCommand(target({ name }), 'powershell'), { code: 'cli.unsafe' });
    }
    assert.match(describeCommand(target({ name: '--endpoint-url' }), 'posix')!, / --replication-group-id=--endpoint-url --profile /);
  });
});
