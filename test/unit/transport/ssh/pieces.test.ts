import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Client } from 'ssh2';
import manifest from 'ssh2/package.json';
import type { Fault } from '../../../../src/base/fault';
import { agentPlaces } from '../../../../src/transport/ssh/agent';
import { NegotiationRecord, ourAlgorithms, within } from '../../../../src/transport/ssh/algorithms';
import { Deadline } from '../../../../src/transport/ssh/deadline';
import { dialFailed } from '../../../../src/transport/ssh/faults';
import { ephemeralKey, openPrivateKey } from '../../../../src/transport/ssh/privateKey';
import { proxyStart } from '../../../../src/transport/ssh/proxyCommand';
import { keyType, rsaBits } from '../../../../src/transport/ssh/publicKeyBlob';
import { type PacketLayer, packetLayer, SSH2_VERSION } from '../../../../src/transport/ssh/ssh2Internals';
import { Vitals, type VitalsDeps } from '../../../../src/transport/ssh/vitals';
import { FakeClock } from '../../../fixtures/fakeClock';

describe('the inside of ssh2', () => {
  it('is that of the version that was read: read lib/ again before this is changed', () => {
    assert.equal(manifest.version, SSH2_VERSION);
  });

  it('is missed loudly', () => {
    assert.throws(() => packetLayer(new Client()), /ssh2 is not .*directTcpip/);
  });
});

describe('algorithms of the built-in client', () => {
  it('leave out what OpenSSH 9 refuses, and what the runtime has not', () => {
    const all = Object.values(ourAlgorithms()).flat();
    assert.deepEqual(all.filter((name) => /^ssh-rsa$|dss|cbc|arcfour|md5|group1-|-sha1$/.test(name) && name !== 'hmac-sha1'), []);
    assert.equal(ourAlgorithms().ciphers[0], 'aes128-gcm@openssh.com');
    assert.deepEqual(ourAlgorithms(['aes-256-ctr']).ciphers, ['aes256-ctr']);
  });

  it('keep the order that is asked for', () => {
    assert.deepEqual(within(['b', 'x', 'a'], ['a', 'b']), ['b', 'a']);
  });

  it('are named from both sides when none is shared', () => {
    const record = new NegotiationRecord();
    record.note('Handshake: (local) KEX method: curve25519-sha256,ext-info-c');
    record.note('Handshake: (remote) KEX method: old-one');
    assert.deepEqual(record.last, { kind: 'key exchange method', ours: ['curve25519-sha256'], theirs: ['old-one'] });
  });
});

describe('places of agents', () => {
  it('are what the configuration says, and on Windows the service and PuTTY', () => {
    assert.deepEqual(agentPlaces({ kind: 'none' }, 'win32'), []);
    assert.deepEqual(agentPlaces({ kind: 'environment', path: '/run/agent' }, 'linux'), ['/run/agent']);
    assert.deepEqual(agentPlaces({ kind: 'environment' }, 'linux'), []);
    assert.deepEqual(agentPlaces({ kind: 'environment' }, 'win32'), ['\\\\.\\pipe\\openssh-ssh-agent', 'pageant']);
    assert.deepEqual(agentPlaces({ kind: 'configured', path: '/x', fromWorkspace: false }, 'darwin'), ['/x']);
  });
});

describe('a ProxyCommand', () => {
  it('runs by the shell of the person, in a group of its own', () => {
    const { file, args, options } = proxyStart('nc h 22', 'linux', { SHELL: '/bin/zsh' });
    assert.deepEqual([file, args, options.detached], ['/bin/zsh', ['-c', 'exec nc h 22'], true]);
    assert.equal(proxyStart('nc h 22', 'darwin', {}).file, '/bin/sh');
  });

  it('runs by cmd on Windows, where quotes stay as they are', () => {
    const { file, args, options } = proxyStart('"C:\\p f\\x.exe" h', 'win32', { ComSpec: 'C:\\cmd.exe' });
    assert.deepEqual([file, args], ['C:\\cmd.exe', ['/d', '/s', '/c', '""C:\\p f\\x.exe" h"']]);
    assert.equal(options.windowsVerbatimArguments, true);
  });
});

describe('keys', () => {
  it('made for one login sign as their public line says', () => {
    const { privateKey, publicKey } = ephemeralKey();
    const outcome = openPrivateKey(privateKey, undefined);
    assert.ok(outcome.kind === 'key');
    const blob = Buffer.from(publicKey.split(' ')[1]!, 'base64');
    assert.equal(keyType(blob), 'ssh-ed25519');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: blob.subarray(-32).toString('base64url') }, format: 'jwk' });
    assert.ok(verify(null, Buffer.from('data'), key, outcome.key.sign(Buffer.from('data'))));
    assert.notEqual(ephemeralKey().publicKey, publicKey);
  });

  it('in PKCS #8 are read, and a wrong passphrase is told from a format that is not supported', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'right' });
    const outcome = openPrivateKey(Buffer.from(pem), 'right');
    assert.ok(outcome.kind === 'key' && rsaBits(outcome.key.getPublicSSH()) === 2048);
    assert.equal(openPrivateKey(Buffer.from(pem), 'wrong').kind, 'wrongPassphrase');
    assert.equal(openPrivateKey(Buffer.from(pem), undefined).kind, 'wrongPassphrase');
    const dsa = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
    assert.equal(openPrivateKey(Buffer.from(dsa), undefined).kind, 'unsupported');
    assert.equal(openPrivateKey(Buffer.from('nonsense'), undefined).kind, 'unsupported');
  });

  it('that are malformed have no type and no size', () => {
    for (const blob of [Buffer.alloc(0), Buffer.from([0, 0, 0, 9, 1]), Buffer.from([255, 255, 255, 255])]) {
      assert.equal(keyType(blob), '');
      assert.equal(rsaBits(blob), undefined);
    }
  });
});

describe('the time of a server', () => {
  it('stands still while a person is asked, and begins anew afterwards', async () => {
    const clock = new FakeClock();
    let expired = 0;
    const deadline = new Deadline(clock, 1000, () => expired++);
    clock.advance(900);
    let answer = (): void => {};
    const asking = deadline.pausedFor(() => new Promise<void>((resolve) => (answer = resolve)));
    clock.advance(100_000);
    answer();
    await asking;
    clock.advance(999);
    assert.equal(expired, 0);
    clock.advance(1);
    assert.equal(expired, 1);
  });

  it('never runs after its end', async () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 1000, () => assert.fail('expired'));
    const asking = deadline.pausedFor(() => Promise.resolve());
    deadline.dispose();
    await asking;
    assert.equal(clock.pending, 0);
  });
});

describe('the vitals of a connection', () => {
  const rig = (settings: { serverAliveIntervalMs: number; serverAliveCountMax: number }) => {
    const clock = new FakeClock();
    const socket = new EventEmitter();
    const seen = { pings: 0, rekeys: 0, moved: 0, dead: [] as Fault[] };
    const layer = { ping: () => seen.pings++, rekey: () => seen.rekeys++ } as unknown as PacketLayer;
    const deps = { layer, socket, clock, server: { host: 'h', port: 22 }, moved: () => seen.moved, onDead: (fault: Fault) => seen.dead.push(fault) };
    return { clock, socket, seen, vitals: new Vitals(deps as unknown as VitalsDeps, settings) };
  };

  it('are asked for after each silent interval, and given up after the limit', () => {
    const { clock, seen } = rig({ serverAliveIntervalMs: 0, serverAliveCountMax: 3 });
    clock.advance(45_000);
    assert.deepEqual([seen.pings, seen.dead.length], [3, 0]);
    clock.advance(15_000);
    assert.equal(seen.dead[0]?.code, 'ssh.keepaliveLost');
  });

  it('are fine as long as anything arrives, and with a limit of 0', () => {
    const { clock, socket, seen } = rig({ serverAliveIntervalMs: 1000, serverAliveCountMax: 1 });
    for (let second = 0; second < 10; second++) {
      socket.emit('data', Buffer.alloc(1));
      clock.advance(1000);
    }
    assert.deepEqual([seen.pings, seen.dead.length], [0, 0]);
    const endless = rig({ serverAliveIntervalMs: 1000, serverAliveCountMax: 0 });
    endless.clock.advance(60_000);
    assert.deepEqual([endless.seen.pings, endless.seen.dead.length], [60, 0]);
  });

  it('are asked for at once in doubt, and given up after ten seconds without a byte', () => {
    const { clock, socket, seen, vitals } = rig({ serverAliveIntervalMs: 60_000, serverAliveCountMax: 3 });
    vitals.check();
    vitals.check();
    assert.equal(seen.pings, 1);
    socket.emit('data', Buffer.alloc(1));
    clock.advance(30_000);
    assert.equal(seen.dead.length, 0);
    vitals.check();
    clock.advance(10_000);
    assert.equal(seen.dead[0]?.code, 'ssh.keepaliveLost');
    vitals.check();
    vitals.dispose();
    assert.equal(clock.pending, 0);
  });

  it('include new keys after 4 GB or an hour of use, and none for an idle connection', () => {
    const { clock, seen, vitals } = rig({ serverAliveIntervalMs: 60_000, serverAliveCountMax: 0 });
    clock.advance(2 * 3_600_000);
    assert.equal(seen.rekeys, 0);
    seen.moved = 1;
    clock.advance(60_000);
    assert.equal(seen.rekeys, 1);
    seen.moved += 5 * 1024 ** 3;
    clock.advance(60_000);
    assert.equal(seen.rekeys, 2);
    vitals.dispose();
    assert.equal(clock.pending, 0);
  });
});

describe('failures to connect', () => {
  it('are told apart by their code', () => {
    const server = { host: 'h', port: 22 };
    const codeOf = (code: string): string => dialFailed(server, Object.assign(new Error('x'), { code }), 20).code;
    assert.deepEqual(
      ['ECONNREFUSED', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'ECONNRESET', 'EHOSTUNREACH', 'EOTHER'].map(codeOf),
      ['ssh.refused', 'ssh.timeout', 'ssh.unresolved', 'ssh.unresolved', 'ssh.bannerClosed', 'ssh.unreachable', 'ssh.unreachable'],
    );
  });
});
