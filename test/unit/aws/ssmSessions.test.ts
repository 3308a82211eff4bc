import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { regionalEndpoint } from '../../../src/aws/clients/jsonProtocol';
import { VERSION } from '../../../src/aws/clients/settings';
import { parametersOf, sessionReason } from '../../../src/aws/ssmSessions';
import { REMOTE_HOST_DOCUMENT } from '../../../src/model/ssmSession';

describe('parameters of StartSession', () => {
  const to = { host: 'master.orders.euc1.cache.amazonaws.com', port: 6379 };

  it('name the remote host, its port and any local port, each as a list', () => {
    const expected = { host: [to.host], portNumber: ['6379'], localPortNumber: ['0'] };
    assert.deepEqual(parametersOf({ to }), expected);
    assert.deepEqual(parametersOf({ to, documentName: REMOTE_HOST_DOCUMENT }), expected);
    assert.deepEqual(parametersOf({ to, documentName: 'Our-Own-Document' }), expected);
  });

  it("leave out what AWS's other documents do not know", () => {
    assert.deepEqual(parametersOf({ to, documentName: 'AWS-StartSSHSession' }), { portNumber: ['6379'] });
    assert.deepEqual(parametersOf({ to, documentName: 'AWS-StartPortForwardingSession' }), { portNumber: ['6379'], localPortNumber: ['0'] });
  });

  it('name no host when the destination is the bastion itself', () => {
    for (const host of ['localhost', '127.0.0.1', '::1', 'db.localhost']) {
      const own = { to: { host, port: 6379 } };
      assert.deepEqual(parametersOf(own), { portNumber: ['6379'], localPortNumber: ['0'] }, host);
      assert.deepEqual(parametersOf({ ...own, documentName: 'Our-Own-Document' }), { portNumber: ['6379'], localPortNumber: ['0'] });
    }
  });

  it('take no host that is none, and no port out of range', () => {
    for (const host of ['', '-oProxyCommand=x', 'a b', 'a\nb', '$(reboot)']) {
      assert.throws(() => parametersOf({ to: { host, port: 6379 } }), { code: 'ssm.invalidEndpoint' }, host);
    }
    for (const port of [0, 65536, 1.5, Number.NaN]) {
      assert.throws(() => parametersOf({ to: { host: 'a', port } }), { code: 'ssm.invalidEndpoint' });
    }
  });
});

describe('reason of a session', () => {
  it('is one line of at most 256 characters and never empty', () => {
    assert.equal(sessionReason('Sallyport dora@laptop'), 'Sallyport dora@laptop');
    assert.equal(sessionReason('a\r\n\tb'), 'a b');
    assert.equal(sessionReason(' \n '), 'Sallyport');
    assert.equal(sessionReason('x'.repeat(300)).length, 256);
    const cut = sessionReason(`${'x'.repeat(255)}🏰`);
    assert.equal(cut, 'x'.repeat(255), 'no half of a character');
  });
});

describe('user agent', () => {
  it('carries the version of package.json', () => {
    assert.equal(VERSION, (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version);
  });
});

describe('endpoint of a service', () => {
  it('follows the partition of the region, FIPS and dual-stack', () => {
    const at = (region: string, useFips = false, useDualstack = false): string => regionalEndpoint('kms', { region, useFips, useDualstack });
    assert.equal(at('eu-central-1'), 'https://kms.eu-central-1.amazonaws.com/');
    assert.equal(at('us-gov-west-1', true), 'https://kms-fips.us-gov-west-1.amazonaws.com/');
    assert.equal(at('us-east-1', true, true), 'https://kms-fips.us-east-1.api.aws/');
    assert.equal(at('cn-north-1'), 'https://kms.cn-north-1.amazonaws.com.cn/');
    assert.equal(at('cn-north-1', false, true), 'https://kms.cn-north-1.api.amazonwebservices.com.cn/');
    assert.equal(at('us-iso-east-1'), 'https://kms.us-iso-east-1.c2s.ic.gov/');
    assert.equal(at('us-isob-east-1'), 'https://kms.us-isob-east-1.sc2s.sgov.gov/');
    assert.equal(at('eusc-de-east-1'), 'https://kms.eusc-de-east-1.amazonaws.eu/');
  });
});
