import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { describe, it } from 'mocha';
import { regionalEndpoint } from '../../../src/aws/clients/jsonProtocol';
import { ssmEndpoint } from '../../../src/aws/clients/ssm';
import { VERSION } from '../../../src/aws/clients/settings';
import { sessionReason } from '../../../src/aws/ssmSessions';
import { REMOTE_HOST_DOCUMENT, sessionParameters } from '../../../src/model/ssmSession';

describe('parameters of StartSession', () => {
  const to = { host: 'master.orders.euc1.cache.amazonaws.com', port: 6379 };

  it('name the remote host, its port and any local port, each as a list', () => {
    const expected = { host: [to.host], portNumber: ['6379'], localPortNumber: ['0'] };
    assert.deepEqual(sessionParameters({ to }), expected);
    assert.deepEqual(sessionParameters({ to, documentName: REMOTE_HOST_DOCUMENT }), expected);
    assert.deepEqual(sessionParameters({ to, documentName: 'Our-Own-Document' }), expected);
  });

  it("leave out what AWS's other documents do not know", () => {
    assert.deepEqual(sessionParameters({ to, documentName: 'AWS-StartSSHSession' }), { portNumber: ['6379'] });
    assert.deepEqual(sessionParameters({ to, documentName: 'AWS-StartPortForwardingSession' }), { portNumber: ['6379'], localPortNumber: ['0'] });
  });

  it('name no host when the destination is the bastion itself', () => {
    for (const host of ['localhost', '127.0.0.1', '::1', 'db.localhost']) {
      const own = { to: { host, port: 6379 } };
      assert.deepEqual(sessionParameters(own), { portNumber: ['6379'], localPortNumber: ['0'] }, host);
      assert.deepEqual(sessionParameters({ ...own, documentName: 'Our-Own-Document' }), { portNumber: ['6379'], localPortNumber: ['0'] });
    }
  });

  it('take no host that is none, and no port out of range', () => {
    for (const host of ['', '-oProxyCommand=x', 'a b', 'a\nb', '$(reboot)']) {
      assert.throws(() => sessionParameters({ to: { host, port: 6379 } }), { code: 'ssm.invalidEndpoint' }, host);
    }
    for (const port of [0, 65536, 1.5, Number.NaN]) {
      assert.throws(() => sessionParameters({ to: { host: 'a', port } }), { code: 'ssm.invalidEndpoint' });
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

describe('the endpoint of Systems Manager', () => {
  const endpoint = (settings: Partial<Parameters<typeof ssmEndpoint>[0]>): string => {
    const agents = { http: new HttpAgent(), https: new HttpsAgent() };
    const credentials = () => Promise.reject(new Error('nobody signs here'));
    return ssmEndpoint({ region: 'eu-central-1', credentials, useFips: false, useDualstack: false, agents, ...settings });
  };

  it("is AWS's own by region and kind, or the one that is configured", () => {
    assert.equal(endpoint({}), 'https://ssm.eu-central-1.amazonaws.com/');
    assert.equal(endpoint({ region: 'cn-north-1' }), 'https://ssm.cn-north-1.amazonaws.com.cn/');
    assert.equal(endpoint({ region: 'us-east-1', useFips: true }), 'https://ssm-fips.us-east-1.amazonaws.com/');
    assert.equal(endpoint({ useDualstack: true }), 'https://ssm.eu-central-1.api.aws/');
    assert.equal(endpoint({ endpoint: 'http://127.0.0.1:4566' }), 'http://127.0.0.1:4566');
  });
});
