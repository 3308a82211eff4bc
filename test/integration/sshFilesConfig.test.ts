import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { isFault } from '../../src/base/fault';
import type { AlgorithmDefaults } from '../../src/ssh/hostConfig';
import { OPENSSH_ALGORITHMS } from '../../src/ssh/algorithms';
import { listHosts, resolveHost } from '../../src/ssh/resolveHost';
import { CONFIGURATIONS, REFUSED } from './sshFilesCases';
import { algorithmsOf, askOpenSsh, comparable, expectedOf, sourcesFor } from './sshFilesReference';
import type { Case, Reference } from './sshFilesReference';

describe('the SSH configuration, compared with `ssh -G`', function () {
  this.timeout(60_000);
  let folder = '';
  let defaults: AlgorithmDefaults;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-ssh-'));
    const [empty] = await askOpenSsh(join(folder, 'empty'), [{ host: 'a', text: '' }]);
    assert.ok(empty && 'options' in empty);
    defaults = algorithmsOf(empty.options);
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function ours(one: Case, reference: Reference): Promise<Record<string, unknown>> {
    const { host, user, port } = one;
    const request = { host, ...(user !== undefined && { user }), ...(port !== undefined && { port }) };
    return comparable(await resolveHost(request, sourcesFor(reference.path, hostname(), defaults)));
  }

  async function differences(name: string, one: Case, reference: Extract<Reference, { options: unknown }>): Promise<string[]> {
    const expected = expectedOf(reference.options, one);
    try {
      const actual = await ours(one, reference);
      return Object.keys(expected)
        .filter((key) => JSON.stringify(actual[key]) !== JSON.stringify(expected[key]))
        .map((key) => `${name}: ${key} is ${JSON.stringify(actual[key])}, ssh has ${JSON.stringify(expected[key])}`);
    } catch (error) {
      return [`${name}: ${String(error)}`];
    }
  }

  /** The list of hosts takes a short cut; it must come to the same. */
  async function listingProblems(name: string, reference: Reference): Promise<string[]> {
    const sources = sourcesFor(reference.path, hostname(), defaults);
    const problems: string[] = [];
    for (const { alias, hostName, user, port } of (await listHosts(sources)).hosts) {
      const listed = JSON.stringify([hostName, user, port]);
      // A name that must not be connected to is still a name to show.
      const resolved = await resolveHost({ host: alias }, sources).then(
        (config) => JSON.stringify([config.hostName, config.user, config.port]),
        (error: unknown) => (isFault(error) && error.code === 'ssh.host.invalid' ? listed : String(error)),
      );
      if (listed !== resolved) problems.push(`${name}: ${alias} is listed as ${listed}, and resolved as ${resolved}`);
    }
    return problems;
  }

  it('starts from the lists of OpenSSH 9.2', async function () {
    const { stderr } = await promisify(execFile)('ssh', ['-V']);
    // Another version has other lists; everything else here is compared with whichever is installed.
    if (!stderr.startsWith('OpenSSH_9.2')) this.skip();
    assert.deepEqual(OPENSSH_ALGORITHMS, defaults);
  });

  it('is the same for every option of a table of configurations', async () => {
    const cases = Object.entries(CONFIGURATIONS);
    assert.ok(cases.length >= 60, `${cases.length} configurations`);
    const references = await askOpenSsh(folder, cases.map(([, one]) => one));
    const problems: string[] = [];
    for (const [at, [name, one]] of cases.entries()) {
      const reference = references[at]!;
      if ('complaint' in reference) problems.push(`${name}: ssh says ${reference.complaint}`);
      else problems.push(...(await differences(name, one, reference)));
    }
    assert.deepEqual(problems, []);
  });

  it('refuses what ssh refuses', async () => {
    const cases = Object.entries(REFUSED);
    const references = await askOpenSsh(folder, cases.map(([, one]) => one));
    for (const [at, [name, one]] of cases.entries()) {
      const reference = references[at]!;
      assert.ok('complaint' in reference, `ssh takes ${name}`);
      await assert.rejects(ours(one, reference), (error) => isFault(error) && error.code.startsWith('ssh.'), name);
    }
  });

  it('is the same for random configurations', async () => {
    // The same ones every time, for a test must not fail by chance; other seeds have been tried by the thousand, and can be.
    const cases = fc.sample(randomCase, { numRuns: 300, seed: Number(process.env['SALLYPORT_SEED'] ?? 20_261_122) });
    const references = await askOpenSsh(folder, cases);
    const problems: string[] = [];
    let accepted = 0;
    for (const [at, one] of cases.entries()) {
      const reference = references[at]!;
      const name = JSON.stringify(one);
      if ('options' in reference) {
        accepted += 1;
        problems.push(...(await differences(name, one, reference)), ...(await listingProblems(name, reference)));
      } else {
        const result = await ours(one, reference).then(() => 'taken', (error: unknown) => (isFault(error) ? 'refused' : String(error)));
        if (result !== 'refused') problems.push(`${name}: ${result}, but ssh says ${reference.complaint}`);
      }
    }
    assert.deepEqual(problems.slice(0, 5), []);
    assert.ok(accepted > cases.length / 3, `only ${accepted} of ${cases.length} were configurations at all`);
  });
});

const word = fc.constantFrom('alpha', 'beta', 'web1', 'web2.example.com', 'al', 'db', 'ALPHA');
const pattern = fc.oneof(
  word,
  fc.constantFrom('*', '?????', 'web?', '*.example.com', '!alpha', '!*.com', 'al*', '*a', '"alpha"', "'beta'", '!web*', 'w*b?'),
);
const equals = fc.constantFrom(' ', '=', ' = ', '\t', '  ', ' =', '= ');
const tail = fc.constantFrom('', '', '', ' ', ' # said so', '\r', '\t#', ' #x y');
const option = fc.oneof(
  fc.tuple(fc.constantFrom('User', 'user', 'HOSTKEYALIAS', 'BindAddress'), fc.constantFrom('root', 'a.b', '"two words"', 'x\\ y', '"q', 'a b', '%%')),
  fc.tuple(fc.constantFrom('HostName', 'Hostname'), fc.constantFrom('%h.example.com', '10.1.2.3', 'Real.Name', '%%h', '%n', 'fe80::0:1')),
  fc.tuple(fc.constant('Port'), fc.constantFrom('22', '2222', '0', '65536', 'ssh', '022', '-1')),
  fc.tuple(fc.constantFrom('IdentitiesOnly', 'HashKnownHosts', 'CheckHostIP', 'BatchMode', 'TCPKeepAlive', 'Compression'), fc.constantFrom('yes', 'no', 'YES', 'maybe')),
  fc.tuple(fc.constantFrom('ConnectTimeout', 'ServerAliveInterval'), fc.constantFrom('5', '1m30', '2h', 'none', '1x', '0', '1H1s')),
  fc.tuple(fc.constantFrom('IdentityFile', 'CertificateFile'), fc.constantFrom('~/.ssh/a', '/k/%h', '"~/b c"', "~/'b c'", 'none', '~/a\\ b', 'rel')),
  fc.tuple(fc.constant('ProxyJump'), fc.constantFrom('none', 'a', 'u@b:22', 'a,b', 'ssh://u@c:3', '[::1]:4', '@x', 'a:0', '%h.x')),
  fc.tuple(fc.constant('ProxyCommand'), fc.constantFrom('none', 'nc %h %p', 'sh -c "a # b"', 'x %%', 'NONE')),
  fc.tuple(fc.constantFrom('UserKnownHostsFile', 'GlobalKnownHostsFile'), fc.constantFrom('/a /b', '~/x', 'none', '/a none', '"/c"x')),
  fc.tuple(fc.constant('StrictHostKeyChecking'), fc.constantFrom('yes', 'no', 'off', 'ask', 'accept-new', 'nope')),
  fc.tuple(fc.constantFrom('Ciphers', 'ciphers'), fc.constantFrom('aes128-ctr', '-aes*', '+aes128-cbc', '^aes256-ctr,aes192-ctr')),
  fc.tuple(fc.constantFrom('ServerAliveCountMax', 'ConnectionAttempts', 'NumberOfPasswordPrompts'), fc.constantFrom('4', '1', '+2', '1.5', 'x')),
  fc.tuple(fc.constantFrom('ForwardAgent', 'LogLevel', 'Protocol', 'Nonsense', 'X-Mine'), fc.constantFrom('yes', 'INFO')),
  fc.tuple(fc.constant('IgnoreUnknown'), fc.constantFrom('Nonsense', 'X-*,N*', '*')),
);
const optionLine = fc.tuple(fc.constantFrom('', '  ', '\t'), option, equals, tail).map(
  // `ProxyJump none # comment` makes OpenSSH jump by way of a host named none; we take it as it is meant.
  ([indent, [name, value], between, end]) => indent + name + between + value + (name === 'ProxyJump' && value === 'none' ? '' : end),
);
const criterion = fc.oneof(
  fc.tuple(fc.constantFrom('host', 'originalhost', 'Host'), fc.array(pattern.filter((one) => !/["']/.test(one)), { minLength: 1, maxLength: 2 }).map((list) => list.join(','))),
  fc.tuple(fc.constantFrom('user', 'localuser', '!user'), fc.constantFrom('root', 'r*', 'nobody,root', '!root', 'nobody')),
  fc.constantFrom(['final'], ['canonical'], ['!final'], ['all'], ['!host', 'al*']),
);
const block = fc.oneof(
  { weight: 3, arbitrary: fc.array(pattern, { minLength: 1, maxLength: 3 }).map((list) => `Host ${list.join(' ')}`) },
  { weight: 2, arbitrary: fc.array(criterion, { minLength: 1, maxLength: 2 }).map((list) => `Match ${list.flat().join(' ')}`) },
);
const lines = (include: boolean): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: optionLine },
        { weight: 4, arbitrary: block },
        { weight: 1, arbitrary: fc.constantFrom('', '# comment', '   ', '\t# x') },
        ...(include ? [{ weight: 2, arbitrary: fc.constantFrom('Include {dir}/one', 'Include {dir}/[n-z]?[a-o]', 'include {dir}/none', 'Include "{dir}/tw?"') }] : []),
      ),
      { minLength: 1, maxLength: 7 },
    )
    .map((all) => `${all.join('\n')}\n`);
const randomCase: fc.Arbitrary<Case> = fc.record({
  text: lines(true),
  host: word,
  files: fc.record({ one: lines(false), two: lines(false) }),
});
