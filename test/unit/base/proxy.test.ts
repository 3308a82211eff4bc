import { strict as assert } from 'node:assert';
import { addressBytes, samePrefix } from '../../../src/base/address';
import { describeFault, isFault } from '../../../src/base/fault';
import { isExcepted, proxyFor, type ProxySetting } from '../../../src/base/proxy';

const aws = { host: 'sts.eu-central-1.amazonaws.com', port: 443, secure: true };
const plain = { ...aws, port: 80, secure: false };
type Env = Record<string, string>;

describe('the choice of a proxy', () => {
  const chosen = (env: Env, to = aws, setting?: ProxySetting): string => {
    const proxy = proxyFor(to, env, setting);
    return proxy ? `${proxy.secure ? 'https' : 'http'} ${proxy.host} ${proxy.port} ${proxy.login ?? '-'}` : 'direct';
  };
  const cases: readonly [string, Env, typeof aws, string, ProxySetting?][] = [
    ['nothing set', {}, aws, 'direct'],
    ['HTTPS_PROXY for TLS', { HTTPS_PROXY: 'http://p:3128' }, aws, 'http p 3128 -'],
    ['not for what is plain', { HTTPS_PROXY: 'http://p:3128' }, plain, 'direct'],
    ['HTTP_PROXY for what is plain', { HTTP_PROXY: 'http://p:3128' }, plain, 'http p 3128 -'],
    ['not for TLS', { HTTP_PROXY: 'http://p:3128' }, aws, 'direct'],
    ['ALL_PROXY for both', { ALL_PROXY: 'http://p:3128' }, plain, 'http p 3128 -'],
    ['ALL_PROXY after the special one', { ALL_PROXY: 'http://a:1', https_proxy: 'http://p:2' }, aws, 'http p 2 -'],
    ['lower case wins', { HTTPS_PROXY: 'http://a:1', https_proxy: 'http://p:2' }, aws, 'http p 2 -'],
    ['lower case wins even when empty', { HTTPS_PROXY: 'http://a:1', https_proxy: '', ALL_PROXY: 'http://b:1' }, aws, 'direct'],
    ['no scheme', { HTTPS_PROXY: 'p:3128' }, aws, 'http p 3128 -'],
    ['blanks around', { HTTPS_PROXY: ' http://p:3128/ ' }, aws, 'http p 3128 -'],
    ['default ports', { HTTPS_PROXY: 'http://p' }, aws, 'http p 80 -'],
    ['default ports of https', { HTTPS_PROXY: 'https://p' }, aws, 'https p 443 -'],
    ['a login', { HTTPS_PROXY: 'http://do%40ra:p%3A%2Fw@p:1' }, aws, 'http p 1 do@ra:p:/w'],
    ['a login with a bare percent sign', { HTTPS_PROXY: 'http://dora:100%@p:1' }, aws, 'http p 1 dora:100%'],
    ['a login without a scheme', { HTTPS_PROXY: 'dora:pw@p:1' }, aws, 'http p 1 dora:pw'],
    ['a user alone', { HTTPS_PROXY: 'http://dora@p:1' }, aws, 'http p 1 dora:'],
    ['IPv6', { HTTPS_PROXY: 'http://[2001:db8::1]:3128' }, aws, 'http 2001:db8::1 3128 -'],
    ['the setting first', { HTTPS_PROXY: 'http://a:1' }, aws, 'http p 2 -', { url: 'http://p:2' }],
    ['an empty setting is none', { HTTPS_PROXY: 'http://a:1' }, aws, 'http a 1 -', { url: ' ', noProxy: [] }],
    ['the variable excepts from the setting', { NO_PROXY: 'amazonaws.com' }, aws, 'direct', { url: 'http://p:2' }],
    ['the exceptions of the setting replace it', { HTTPS_PROXY: 'http://a:1', NO_PROXY: '*' }, aws, 'http a 1 -', { noProxy: ['x'] }],
    ['exceptions of the setting', { HTTPS_PROXY: 'http://a:1' }, aws, 'direct', { noProxy: ['.amazonaws.com'] }],
    ['no_proxy wins', { HTTPS_PROXY: 'http://a:1', NO_PROXY: '*', no_proxy: 'x' }, aws, 'http a 1 -'],
  ];
  for (const [name, env, to, expected, setting] of cases) {
    it(name, () => assert.equal(chosen(env, to, setting), expected));
  }

  it('leaves this machine and the metadata services alone', () => {
    const env = { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://p:1' };
    const hosts = ['localhost', 'LOCALHOST.', 'a.localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]', '::ffff:127.0.0.1'];
    hosts.push('169.254.169.254', '169.254.170.2', '169.254.170.23', 'fd00:ec2::254', 'fd00:0ec2:0:0::0254', 'fd00:ec2::23');
    for (const host of hosts) for (const secure of [true, false]) assert.equal(proxyFor({ host, port: 80, secure }, env), undefined, host);
    for (const host of ['notlocalhost', '128.0.0.1', '169.254.169.253', '::2', '127.0.0.1.example.com']) {
      assert.ok(proxyFor({ host, port: 80, secure: true }, env), host);
    }
  });

  it('refuses what is no proxy, without a word of what it holds', () => {
    const refused = (url: string): string => {
      try {
        proxyFor(aws, { HTTPS_PROXY: url });
      } catch (error) {
        assert.ok(isFault(error));
        assert.ok(!/s3cret/i.test(describeFault(error) + String(error.stack)), describeFault(error));
        return error.code;
      }
      return 'taken';
    };
    assert.equal(refused('http://dora:s3cret#1@p:3128'), 'proxy.badUrl');
    assert.equal(refused('http://s3cret:12/34@p:3128'), 'proxy.badUrl');
    assert.equal(refused('s3cret:12?34@p:3128'), 'proxy.badUrl');
    assert.equal(refused('http://dora:s3cret@p:port'), 'proxy.badUrl');
    assert.equal(refused('http://'), 'proxy.badUrl');
    assert.equal(refused('socks5://dora:s3cret@p:1080'), 'proxy.unsupported');
    assert.equal(refused('ftp://p'), 'proxy.unsupported');
  });
});

describe('NO_PROXY', () => {
  const cases: readonly [string, string, number, boolean][] = [
    ['', 'a.com', 443, false],
    ['*', 'a.com', 443, true],
    ['x, *', 'a.com', 443, true],
    ['a.com', 'a.com', 443, true],
    ['A.COM', 'a.com.', 443, true],
    ['a.com.', 'A.com', 443, true],
    ['a.com', 'b.a.com', 443, true],
    ['a.com', 'ba.com', 443, false],
    ['.a.com', 'b.a.com', 443, true],
    ['.a.com', 'a.com', 443, false],
    ['*.a.com', 'c.b.a.com', 443, true],
    ['*.a.com', 'a.com', 443, false],
    ['a*.com', 'ab.com', 443, false],
    ['x,a.com', 'a.com', 443, true],
    ['x a.com', 'a.com', 443, true],
    [' x ,\ta.com ,', 'a.com', 443, true],
    ['a.com:443', 'a.com', 443, true],
    ['a.com:8443', 'a.com', 443, false],
    ['.a.com:443', 'b.a.com', 443, true],
    ['.', 'a.com', 443, false],
    ['10.1.2.3', '10.1.2.3', 443, true],
    ['10.1.2.3:80', '10.1.2.3', 443, false],
    ['10.1.2.3:443', '10.1.2.3', 443, true],
    ['.2.3', '10.1.2.3', 443, false],
    ['3', '10.1.2.3', 443, false],
    ['10.0.0.0/8', '10.200.0.1', 443, true],
    ['10.1.2.3/8', '10.200.0.1', 443, true],
    ['10.0.0.0/8', '11.0.0.1', 443, false],
    ['10.0.0.0/9', '10.128.0.1', 443, false],
    ['0.0.0.0/0', '8.8.8.8', 443, true],
    ['0.0.0.0/0', 'a.com', 443, false],
    ['10.0.0.0/33', '10.0.0.0', 443, false],
    ['10.0.0/8', '10.0.0.1', 443, false],
    ['::1', '::1', 443, true],
    ['2001:DB8::1', '2001:db8:0:0::1', 443, true],
    ['[2001:db8::1]', '2001:db8::1', 443, true],
    ['[2001:db8::1]:443', '2001:db8::1', 443, true],
    ['[2001:db8::1]:80', '2001:db8::1', 443, false],
    ['2001:db8::/32', '2001:db8:ffff::1', 443, true],
    ['2001:db8::/32', '2001:db9::1', 443, false],
    ['10.0.0.0/8', '::ffff:10.1.1.1', 443, true],
    ['2001:db8::/32', '10.1.1.1', 443, false],
    ['/8', '10.1.1.1', 443, false],
  ];
  for (const [list, host, port, expected] of cases) {
    it(`"${list}" ${expected ? 'covers' : 'does not cover'} ${host}:${port}`, () => {
      assert.equal(isExcepted({ host, port }, [list]), expected);
    });
  }

  it('takes a list as well as a text', () => assert.ok(isExcepted({ host: 'a.com', port: 1 }, ['x', 'a.com'])));
});

describe('literal addresses', () => {
  it('are read in every notation, and names are not', () => {
    assert.deepEqual(addressBytes('1.2.3.4'), [1, 2, 3, 4]);
    assert.deepEqual(addressBytes('::ffff:1.2.3.4'), [1, 2, 3, 4]);
    assert.deepEqual(addressBytes('::'), Array.from({ length: 16 }, () => 0));
    assert.deepEqual(addressBytes('1::'), [0, 1, ...Array.from({ length: 14 }, () => 0)]);
    assert.deepEqual(addressBytes('1:2:3:4:5:6:7:8'), [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]);
    for (const text of ['', 'a', '1.2.3', '1.2.3.256', '1:2', ':::', 'a:b', '[::1', '::1%eth0', '::1/64', '1.2.3.4:5']) {
      assert.equal(addressBytes(text), undefined, text);
    }
  });

  it('are compared bit by bit', () => {
    assert.ok(samePrefix([10, 128], [10, 255], 9));
    assert.ok(!samePrefix([10, 128], [10, 255], 10));
    assert.ok(samePrefix([1], [2], 0));
    assert.ok(!samePrefix([1], [1, 2], 0));
  });
});
