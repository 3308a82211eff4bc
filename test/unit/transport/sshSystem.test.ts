import assert from 'node:assert/strict';
import { systemClock } from '../../../src/base/clock';
import { isFault } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import type { BastionRoute } from '../../../src/model/route';
import { channelFailure, exitFault, farSideFault } from '../../../src/transport/sshSystem/clientMessages';
import { connectArguments, queryArguments, readEffective } from '../../../src/transport/sshSystem/commandLine';
import { wrapperText } from '../../../src/transport/sshSystem/askpass';
import { checkedVersion, findSsh } from '../../../src/transport/sshSystem/program';
import { SystemSshTransport } from '../../../src/transport/sshSystem/systemSshTransport';
import { classify, replyTo } from '../../../src/transport/sshSystem/prompts';

const ROUTE: BastionRoute = {
  target: { id: 't', name: 'orders', engine: 'redis', tls: 'off', auth: 'none' },
  endpoint: { host: 'orders.internal', port: 6379 },
  bastion: { id: 'i-0abc', name: 'shop' },
  method: 'ssh',
  place: { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' },
};
const FINGERPRINT = `SHA256:${'a'.repeat(43)}`;

describe("the system's ssh", () => {
  describe('is looked for', () => {
    const find = (platform: NodeJS.Platform, env: Record<string, string>, files: readonly string[], setting = ''): string =>
      findSsh(setting, { platform, env, exists: (path) => files.includes(path) });

    it('on the PATH, in its order, without relative entries and the current directory', () => {
      const files = ['ssh', './ssh', 'bin/ssh', '/b/ssh', '/c/ssh', '/usr/bin/ssh'];
      assert.equal(find('linux', { PATH: ':.:bin:/a:/b:/c' }, files), '/b/ssh');
      assert.equal(find('darwin', {}, files), '/usr/bin/ssh');
    });

    it('on Windows by Path in any case, without drive-relative entries, then where Windows and Git keep it', () => {
      const system = 'C:\\Windows\\System32\\OpenSSH\\ssh.exe';
      const git = 'C:\\Program Files\\Git\\usr\\bin\\ssh.exe';
      const env = { Path: '.;\\tools;"D:\\ssh tools";E:\\bin', systemroot: 'C:\\Windows' };
      assert.equal(find('win32', env, ['\\tools\\ssh.exe', 'D:\\ssh tools\\ssh.exe', system]), 'D:\\ssh tools\\ssh.exe');
      assert.equal(find('win32', env, [git, system]), system);
      assert.equal(find('win32', {}, [git]), git);
    });

    it('where the setting says and nowhere else', () => {
      assert.equal(find('linux', { PATH: '/usr/bin' }, ['/opt/ssh', '/usr/bin/ssh'], '/opt/ssh'), '/opt/ssh');
      for (const setting of ['ssh', '/none/ssh']) {
        assert.throws(() => find('linux', { PATH: '/usr/bin' }, ['ssh', '/usr/bin/ssh'], setting), { code: 'ssh.programMissing' });
      }
      assert.throws(() => find('linux', {}, []), { code: 'ssh.programMissing' });
    });

    it('and has to be OpenSSH 7.6 or later', () => {
      assert.equal(checkedVersion('OpenSSH_9.2p1 Debian-2, OpenSSL 3.0', 'ssh'), '9.2');
      assert.equal(checkedVersion('OpenSSH_for_Windows_9.5p1, LibreSSL 3.8.2', 'ssh'), '9.5');
      assert.equal(checkedVersion('OpenSSH_10.0p2', 'ssh'), '10.0');
      assert.throws(() => checkedVersion('OpenSSH_7.5p1', 'ssh'), { code: 'ssh.programTooOld' });
      assert.throws(() => checkedVersion('Sun_SSH_1.1', 'ssh'), { code: 'ssh.notOpenSsh' });
    });
  });

  describe('is called', () => {
    const destination = { access: { host: 'bastion', user: 'me', port: 2222 }, configFile: '/c' };
    const effective = readEffective('user me\nport 2222\nhostname 10.0.0.1\nconnecttimeout none\nserveraliveinterval 0\n');

    const now = { version: '9.2', prompts: true };

    it('with the host last, behind the end of options', () => {
      assert.deepEqual(queryArguments(destination), ['-G', '-F', '/c', '-p', '2222', '-l', 'me', '--', 'bastion']);
    });

    it('with a forward of its own only where there is no control socket', () => {
      const control = connectArguments(destination, { kind: 'control', path: '/tmp/50% x/c' }, effective, now);
      assert.ok(control.includes('ControlPath="/tmp/50%% x/c"') && control.includes('ClearAllForwardings=yes'));
      assert.ok(!control.includes('-L') && control.includes('ForkAfterAuthentication=no') && control.includes('BatchMode=no'));
      const port = connectArguments(destination, { kind: 'port', port: 50_000, to: { host: '::1', port: 6379 } }, effective, { version: '8.1', prompts: false });
      assert.equal(port[port.indexOf('-L') + 1], '127.0.0.1:50000:[::1]:6379');
      assert.ok(port.includes('ControlMaster=no') && port.includes('BatchMode=yes') && !port.some((word) => word.startsWith('ForkAfter')));
      const bad = { kind: 'control', path: '/tmp/"/c' } as const;
      assert.throws(() => connectArguments(destination, bad, effective, now), { code: 'ssh.badConfiguration' });
    });

    it('with bounds of ours where the configuration has none', () => {
      const own = readEffective('connecttimeout 5\r\nserveraliveinterval 20\r\nlocalforward 1 [h]:2\r\n');
      assert.deepEqual([own.ownTimeout, own.ownKeepalive, own.ownForwards], [true, true, true]);
      assert.deepEqual([effective.ownTimeout, effective.ownKeepalive, effective.ownForwards], [false, false, false]);
      const names = (of: typeof own): string[] => connectArguments(destination, { kind: 'control', path: '/c' }, of, now);
      assert.ok(names(effective).includes('ConnectTimeout=15') && names(effective).includes('ServerAliveInterval=15'));
      assert.ok(!names(own).some((word) => /^(?:ConnectTimeout|ServerAlive)/.test(word)));
    });

    it('with a port of this machine in the place of a server that is reached otherwise, under the name of that server', () => {
      const through = (of: string): string[] =>
        connectArguments(destination, { kind: 'control', path: '/c' }, readEffective(of), now, { gatewayPort: 40_000 });
      const words = through('user me\nport 2222\nhostname i-0abc\nhostkeyalias none\nproxycommand touch /x\n');
      assert.deepEqual(words.slice(-6), ['-p', '40000', '-l', 'me', '--', 'bastion']);
      for (const option of ['HostName=127.0.0.1', 'HostKeyAlias=[i-0abc]:2222', 'ProxyCommand=none', 'ProxyJump=none', 'NoHostAuthenticationForLocalhost=no']) {
        assert.ok(words.includes(option), option);
      }
      assert.ok(through('port 22\nhostname i-0abc\n').includes('HostKeyAlias=i-0abc'));
      assert.ok(through('port 22\nhostname i-0abc\nhostkeyalias shop\n').includes('HostKeyAlias=shop'));
      assert.throws(() => through('port 22\nhostname a b\n'), { code: 'ssh.host.invalid' });
    });

    it('with the key that was made for the login, and no more of an agent than that', () => {
      const words = connectArguments(destination, { kind: 'control', path: '/c' }, effective, now, { keyFile: '/tmp/a b/key' });
      assert.ok(words.indexOf('IdentityFile="/tmp/a b/key"') > 0 && words.includes('IdentitiesOnly=yes'));
    });

    it('without questions where the configuration wants none', () => {
      const silent = readEffective('batchmode yes\n');
      assert.ok(connectArguments(destination, { kind: 'control', path: '/c' }, silent, now).includes('BatchMode=yes'));
    });

    it('for an instance only where it can ask for the host key', () => {
      const suits = (platform: NodeJS.Platform, via: 'direct' | 'ssm', instanceConnect: boolean): boolean => {
        const refuse = (): never => assert.fail('nothing is looked up');
        const transport = new SystemSshTransport({
          platform, clock: systemClock, logger: nullLogger, settings: refuse, ask: refuse, sources: refuse, companion: '/c',
        });
        return transport.suits({ ...ROUTE, ssh: { host: 'i-0abc', via, instanceConnect } });
      };
      for (const platform of ['linux', 'darwin'] as const) assert.ok(suits(platform, 'ssm', true) && suits(platform, 'direct', false));
      assert.ok(suits('win32', 'direct', false) && !suits('win32', 'ssm', false) && !suits('win32', 'direct', true));
    });

    it('with no name that means something to an option parser or a shell', () => {
      const call = (host: string, user?: string): string[] =>
        queryArguments({ access: { host, ...(user !== undefined && { user }) }, configFile: '' });
      for (const host of ['bastion', '10.0.0.1', 'fe80::1%eth0', 'a_b.internal']) assert.equal(call(host).at(-1), host);
      for (const host of ['', '-o', 'a b', 'a\n', '`a`', '$a', 'a|b', 'u@h', 'ssh://h', '"', 'a\\b']) {
        assert.throws(() => call(host), { code: 'ssh.host.invalid' }, host);
      }
      for (const user of ['ec2-user', 'DOMAIN\\me', 'me@corp', 'first last']) assert.equal(call('h', user)[2], user);
      for (const user of ['', '-l', 'a;b', 'a -o', 'a\\', 'a\n']) assert.throws(() => call('h', user), { code: 'ssh.host.invalid' }, user);
    });
  });

  describe('explains itself', () => {
    const named = { server: 'bastion', user: 'me' };
    const cases: readonly (readonly [string, string])[] = [
      ['ssh: connect to host h port 22: Connection refused', 'ssh.refused'],
      ['ssh: connect to host h port 22: Connection timed out', 'ssh.timeout'],
      ['ssh: connect to host h port 22: Operation timed out', 'ssh.timeout'],
      ['Connection timed out during banner exchange', 'ssh.timeout'],
      ['ssh: connect to host h port 22: No route to host', 'ssh.unreachable'],
      ['ssh: Could not resolve hostname h: Name or service not known', 'ssh.unresolved'],
      ['kex_exchange_identification: Connection closed by remote host', 'ssh.bannerClosed'],
      ['Unable to negotiate with 1.2.3.4 port 22: no matching host key type found. Their offer: ssh-rsa', 'ssh.noMatchingAlgorithm'],
      ['me@h: Permission denied (publickey,password).', 'ssh.permissionDenied'],
      ['Received disconnect from 1.2.3.4 port 22:2: Too many authentication failures', 'ssh.tooManyAuthFailures'],
      ['Host key verification failed.', 'ssh.hostKeyUnknown'],
      ['No ED25519 host key is known for h and you have requested strict checking.', 'ssh.hostKeyUnknown'],
      ['@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @', 'ssh.hostKeyChanged'],
      ['Timeout, server h not responding.', 'ssh.keepaliveLost'],
      ['Connection to h closed by remote host.', 'ssh.connectionLost'],
      ['client_loop: send disconnect: Broken pipe', 'ssh.connectionLost'],
      ['client_loop: ssh_packet_write_poll: Connection to 1.2.3.4 port 22: Broken pipe', 'ssh.connectionLost'],
      ['/home/me/.ssh/config: line 3: Bad configuration option: foo', 'ssh.badConfiguration'],
      ['something new', 'ssh.failed'],
    ];
    for (const [line, code] of cases) it(line, () => assert.equal(exitFault([line], named).code, code));

    it('by the reason and not by what follows from it', () => {
      const lines = ['@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @', `is\n${FINGERPRINT}.`, 'Host key verification failed.'];
      assert.equal(exitFault(lines, named).code, 'ssh.hostKeyChanged');
      const open = ["Permissions 0644 for '/k' are too open.", 'Load key "/k": bad permissions', 'me@h: Permission denied (publickey).'];
      assert.equal(exitFault(open, named).code, 'ssh.badKeyPermissions');
      assert.equal(exitFault([], named).code, 'ssh.failed');
      assert.equal(exitFault([], named, true).code, 'ssh.connectionLost');
    });

    it('for each stream that the far side did not take', () => {
      const to = { host: 'orders', port: 6379 };
      const code = (line: string): string | undefined => {
        const why = channelFailure(line);
        return why === undefined ? undefined : farSideFault(why, to).code;
      };
      assert.equal(code('channel 2: open failed: administratively prohibited: open failed'), 'ssh.forwardProhibited');
      assert.equal(code('channel 2: open failed: connect failed: Connection refused'), 'ssh.farSideRefused');
      assert.equal(code('channel 12: open failed: connect failed: Name or service not known'), 'ssh.farSideUnresolved');
      assert.equal(code('channel 2: open failed: connect failed: Connection timed out'), 'ssh.farSideTimeout');
      assert.equal(code('channel 2: open failed: resource shortage: no'), 'ssh.farSideFailed');
      assert.equal(code('debug1: channel 2: free'), undefined);
      assert.ok(isFault(farSideFault('connect failed: Connection refused', to)));
    });
  });

  describe('asks', () => {
    const ask = (prompt: string, hint = '', before: readonly string[] = []) => classify({ prompt, hint }, new Set(before), 'me', 'bastion');
    const question = (...args: Parameters<typeof ask>): unknown => {
      const found = ask(...args);
      return found.kind === 'question' ? found.question : found.kind;
    };

    it('for passphrases and passwords, again when the last was wrong', () => {
      const passphrase = "Enter passphrase for key '/home/me/.ssh/id: x': ";
      assert.deepEqual(question(passphrase), { kind: 'passphrase', keyFile: '/home/me/.ssh/id: x', again: false });
      assert.deepEqual(question(passphrase, '', [passphrase]), { kind: 'passphrase', keyFile: '/home/me/.ssh/id: x', again: true });
      assert.deepEqual(question("a@corp@h's password: "), { kind: 'password', user: 'a@corp', host: 'h', again: false });
    });

    it('whether a host key is right, in the words of old and new releases', () => {
      for (const is of ['is', 'is:']) {
        const text = `The authenticity of host 'h (1.2.3.4)' can't be established.\nED25519 key fingerprint ${is} ${FINGERPRINT}.\nAre you sure you want to continue connecting (yes/no)? `;
        assert.deepEqual(question(text), { kind: 'hostKey', host: 'h', algorithm: 'ssh-ed25519', fingerprint: FINGERPRINT });
      }
      const port = `The authenticity of host '[h]:2222 ([1.2.3.4]:2222)' can't be established.\nRSA key fingerprint is ${FINGERPRINT}.\n`;
      assert.deepEqual(question(port), { kind: 'hostKey', host: '[h]:2222', algorithm: 'ssh-rsa', fingerprint: FINGERPRINT });
      assert.equal(question("Please type 'yes', 'no' or the fingerprint: "), 'refuse');
    });

    it('what the server wants to know, for a touch, and for consent', () => {
      const prompts = { kind: 'prompts', user: 'me', host: 'h', name: '', instruction: '' };
      assert.deepEqual(question('(me@h) Verification code: '), { ...prompts, prompts: [{ text: 'Verification code: ', echo: false }] });
      const pin = question('Enter PIN for ED25519-SK key /k: ');
      assert.deepEqual(pin, { ...prompts, host: 'bastion', prompts: [{ text: 'Enter PIN for ED25519-SK key /k: ', echo: false }] });
      assert.deepEqual(ask('Confirm user presence for key ED25519-SK\n', 'none'), { kind: 'notice', text: 'Confirm user presence for key ED25519-SK' });
      const consent = question('Allow use of key x?', 'confirm');
      assert.deepEqual(consent, { ...prompts, host: 'bastion', prompts: [{ text: 'Allow use of key x? (yes/no)', echo: true }] });
    });

    it('and gets answers as it wants them', () => {
      const hostKey = { kind: 'hostKey', host: 'h', algorithm: 'a', fingerprint: 'f' } as const;
      assert.equal(replyTo(hostKey, '', true), 'yes');
      assert.equal(replyTo(hostKey, '', false), 'no');
      assert.equal(replyTo({ kind: 'passphrase', keyFile: 'k', again: false }, '', 'secret'), 'secret');
      const prompts = { kind: 'prompts', user: 'u', host: 'h', name: '', instruction: '', prompts: [] } as const;
      assert.equal(replyTo(prompts, '', ['123456']), '123456');
      assert.equal(replyTo(prompts, 'confirm', ['Yes']), 'yes');
      assert.equal(replyTo(prompts, 'confirm', ['no']), undefined);
      assert.equal(replyTo(prompts, '', []), undefined);
    });

    it('through a file that quotes whatever paths there are', () => {
      assert.match(wrapperText("/it's/node", '/c.js'), /exec '\/it'\\''s\/node' '\/c\.js' askpass "\$1"/);
    });
  });
});
