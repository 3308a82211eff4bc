import assert from 'node:assert/strict';
import { Fault } from '../../../../src/base/fault';
import type { ChannelEvent } from '../../../../src/wire/ssm/channel';
import { Channel } from '../../../../src/wire/ssm/channel';
import { encryptionContext, PayloadCipher } from '../../../../src/wire/ssm/encryption';
import { AgentModel, agentKeys, decodeMessage, handshakeRequest, json } from './agentModel';

const failed = { name: 'Fault', code: 'ssm.encryptionFailed' };

// AES-256-GCM, test case 14 of its specification: key, nonce and plaintext of zeros.
const CASE_14 = Buffer.from('cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919', 'hex');

describe('encrypted payloads', () => {
  const dataKey = Buffer.from(Array.from({ length: 64 }, (_, index) => index));

  it('have the layout nonce, ciphertext, tag, as a known answer', () => {
    // Counts on to zero.
    const seed = Buffer.from('00000000ffffffffffffffff', 'hex');
    const sealing = new PayloadCipher(Buffer.concat([Buffer.alloc(32, 1), Buffer.alloc(32)]), seed);
    const sealed = Buffer.concat(sealing.seal([Buffer.alloc(5), Buffer.alloc(11)]));
    assert.equal(sealed.toString('hex'), Buffer.concat([Buffer.alloc(12), CASE_14]).toString('hex'));
    const opening = new PayloadCipher(Buffer.concat([Buffer.alloc(32), Buffer.alloc(32, 1)]), seed);
    assert.deepEqual(opening.open(sealed), Buffer.alloc(16));
  });

  it('are opened by the first half of the key and sealed by the second', () => {
    const cipher = new PayloadCipher(dataKey, Buffer.alloc(12));
    const agent = agentKeys(dataKey);
    assert.equal(agent.open(Buffer.concat(cipher.seal([Buffer.from('up')]))), Buffer.from('up').toString('hex'));
    assert.equal(cipher.open(agent.seal(Buffer.from('down'))).toString(), 'down');
    assert.throws(() => cipher.open(Buffer.concat(cipher.seal([Buffer.from('reflected')]))), failed);
  });

  it('never share a nonce, and begin where the seed says', () => {
    const cipher = new PayloadCipher(dataKey, Buffer.from('0102030405060708fffffff0', 'hex'));
    const nonces = Array.from({ length: 1000 }, () => Buffer.from(cipher.seal([Buffer.from('x')])[0]!).toString('hex'));
    assert.equal(new Set(nonces).size, 1000);
    assert.equal(nonces[0], '0102030405060708fffffff1');
    assert.equal(nonces[15], '010203040506070900000000');
  });

  it('are refused when any byte was changed, when they are too short, and under another key', () => {
    const cipher = new PayloadCipher(dataKey, Buffer.alloc(12));
    const sealed = agentKeys(dataKey).seal(Buffer.from('secret'));
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed);
      changed[index]! ^= 0x10;
      assert.throws(() => cipher.open(changed), failed, `byte ${index}`);
    }
    for (let length = 0; length < sealed.length; length++) assert.throws(() => cipher.open(sealed.subarray(0, length)), failed);
    assert.throws(() => new PayloadCipher(Buffer.alloc(64), Buffer.alloc(12)).open(sealed), failed);
  });

  it('need a data key of 64 bytes', () => {
    for (const size of [0, 32, 63, 65]) assert.throws(() => new PayloadCipher(Buffer.alloc(size), Buffer.alloc(12)), failed);
  });

  it('have a key that is bound to session, target and, for newer agents, a random text', () => {
    const context = { 'aws:ssm:SessionId': 's', 'aws:ssm:TargetId': 'i' };
    assert.deepEqual(encryptionContext('s', 'i', { keyId: 'k' }), context);
    assert.deepEqual(encryptionContext('s', 'i', { keyId: 'k', challenge: 'r' }), { ...context, 'aws:ssm:RandomChallenge': 'r' });
  });
});

describe('the data channel: encryption', () => {
  const dataKey = Buffer.from(Array.from({ length: 64 }, (_, index) => 255 - index));
  const agentSide = agentKeys(dataKey);
  const sealedKey = Buffer.from('as KMS sealed it');

  function bench() {
    const events: ChannelEvent[] = [];
    const options = { clientVersion: '1.2.707.0', idSeed: Buffer.alloc(16), nonceSeed: Buffer.alloc(12), epochOffset: 0 };
    const channel = new Channel(options, (event) => events.push(event));
    const toClient: Buffer[] = [];
    const agent = new AgentModel((bytes) => toClient.push(bytes));
    const exchange = (): void => {
      for (;;) {
        const up = channel.takeOutgoing();
        const down = toClient.splice(0);
        if (up.length + down.length === 0) return;
        for (const bytes of up) agent.receive(bytes);
        for (const bytes of down) channel.receive(bytes, 0);
      }
    };
    return { events, channel, agent, exchange };
  }

  function greeted(parameters: object = { KMSKeyId: 'alias/sessions', Challenge: 'random' }) {
    const self = bench();
    self.agent.send(5, handshakeRequest({ moreActions: [{ ActionType: 'KMSEncryption', ActionParameters: parameters }] }), 0);
    self.exchange();
    return self;
  }

  function keyed() {
    const self = greeted();
    self.channel.provideDataKey(dataKey, sealedKey, 0);
    self.exchange();
    return self;
  }

  function opened() {
    const self = keyed();
    self.agent.send(8, json({ Challenge: agentSide.seal(Buffer.from('prove it')).toString('base64') }), 0);
    self.agent.send(7, json({ HandshakeTimeToComplete: 1, CustomerMessage: '' }), 0);
    self.exchange();
    return self;
  }

  const responses = (self: ReturnType<typeof bench>): { readonly ActionType: string; readonly ActionStatus: number; readonly ActionResult: unknown; readonly Error: string }[] =>
    self.agent.input
      .filter(({ payloadType }) => payloadType === 6)
      .flatMap(({ payload }) => (JSON.parse(payload.toString()) as { ProcessedClientActions: ReturnType<typeof responses> }).ProcessedClientActions);
  const lastFault = (events: readonly ChannelEvent[]): string => {
    const last = events.at(-1);
    return last?.kind === 'fault' ? last.fault.code : `no fault but ${last?.kind}`;
  };

  it('asks for a data key before it answers, and acknowledges the challenge of newer agents', () => {
    for (const challenge of ['random', undefined]) {
      const self = greeted({ KMSKeyId: 'alias/sessions', ...(challenge && { Challenge: challenge }) });
      const [event] = self.events;
      assert.ok(event?.kind === 'handshake');
      assert.deepEqual(event.encryption, challenge ? { keyId: 'alias/sessions', challenge } : { keyId: 'alias/sessions' });
      assert.deepEqual(self.agent.input, []);
      self.channel.provideDataKey(dataKey, sealedKey, 0);
      self.exchange();
      assert.deepEqual(responses(self), [
        { ActionType: 'SessionType', ActionStatus: 1, ActionResult: null, Error: '' },
        {
          ActionType: 'KMSEncryption',
          ActionStatus: 1,
          ActionResult: { KMSCipherTextKey: sealedKey.toString('base64'), ...(challenge && { ChallengeAcknowledgement: true }) },
          Error: '',
        },
      ]);
      self.channel.provideDataKey(dataKey, sealedKey, 0);
      self.exchange();
      assert.equal(responses(self).length, 2, 'answered once');
    }
  });

  it('gives the challenge back under its own key, and may send only after the completion', () => {
    const self = keyed();
    self.agent.send(8, json({ Challenge: agentSide.seal(Buffer.from('prove it')).toString('base64') }), 0);
    self.exchange();
    const proof = self.agent.input.find(({ payloadType }) => payloadType === 9)!;
    const { Challenge } = JSON.parse(proof.payload.toString()) as { Challenge: string };
    assert.equal(agentSide.open(Buffer.from(Challenge, 'base64')), Buffer.from('prove it').toString('hex'));
    assert.equal(self.channel.canSend, false);
    self.agent.send(7, json({ HandshakeTimeToComplete: 1, CustomerMessage: '' }), 0);
    self.exchange();
    assert.equal(self.channel.canSend, true);
    assert.deepEqual(self.events.map(({ kind }) => kind), ['handshake', 'keyProven', 'ready']);
  });

  it('encrypts output both ways, stderr and exit codes, but no flags', () => {
    const self = opened();
    const up = decodeMessage(self.channel.sendOutput([Buffer.from('he'), Buffer.from('llo')], 0))!;
    assert.equal(agentSide.open(up.payload), Buffer.from('hello').toString('hex'));
    self.channel.sendFlag(2, 0);
    assert.equal(decodeMessage(self.channel.takeOutgoing()[0]!)!.payload.toString('hex'), '00000002');
    self.events.length = 0;
    self.agent.send(1, agentSide.seal(Buffer.from('world')), 0);
    self.agent.send(11, agentSide.seal(Buffer.from('oops')), 0);
    self.agent.send(12, agentSide.seal(Buffer.from('3')), 0);
    self.agent.send(10, Buffer.from([0, 0, 0, 3]), 0);
    self.exchange();
    assert.deepEqual(self.events, [
      { kind: 'output', payload: Buffer.from('world') },
      { kind: 'stderr', payload: Buffer.from('oops') },
      { kind: 'exit', code: 3 },
      { kind: 'connectError' },
    ]);
  });

  it('ends at the first message that cannot be decrypted, and does not acknowledge it', () => {
    for (const payloadType of [1, 11, 12]) {
      const self = opened();
      const sealed = agentSide.seal(Buffer.from('1'));
      sealed[14]! ^= 1;
      self.agent.send(payloadType, sealed, 0);
      self.agent.send(payloadType, Buffer.from('in clear'), 0);
      self.exchange();
      assert.equal(lastFault(self.events), 'ssm.encryptionFailed');
      assert.equal(self.agent.unacknowledged, 2);
      assert.ok(!self.events.some(({ kind }) => kind === 'output' || kind === 'stderr' || kind === 'exit'));
    }
  });

  it('ends when the agent has another key, or goes on without a proof', () => {
    const other = keyed();
    other.agent.send(8, json({ Challenge: agentKeys(Buffer.alloc(64, 1)).seal(Buffer.from('x')).toString('base64') }), 0);
    other.exchange();
    assert.equal(lastFault(other.events), 'ssm.encryptionFailed');
    const unproven = keyed();
    unproven.agent.send(7, json({ HandshakeTimeToComplete: 1, CustomerMessage: '' }), 0);
    unproven.exchange();
    assert.equal(lastFault(unproven.events), 'ssm.encryptionFailed');
    assert.equal(unproven.channel.canSend, false);
  });

  it('tells the agent when there is no data key, without the names of things here', () => {
    for (const size of [undefined, 32]) {
      const self = greeted();
      const denied = new Fault('aws.accessDenied', 'AWS profile "dev" may not call kms:GenerateDataKey.');
      if (size === undefined) self.channel.refuseDataKey(denied, 0);
      else self.channel.provideDataKey(Buffer.alloc(size), sealedKey, 0);
      self.exchange();
      const [, answer] = responses(self);
      assert.equal(answer?.ActionStatus, 2);
      assert.ok(answer.Error.includes(size === undefined ? 'aws.accessDenied' : 'ssm.encryptionFailed') && !answer.Error.includes('dev"'), answer.Error);
      assert.equal(lastFault(self.events), size === undefined ? 'aws.accessDenied' : 'ssm.encryptionFailed');
    }
  });

  it('refuses an encryption that names no key, and a challenge that nobody needs', () => {
    for (const parameters of [{}, { KMSKeyId: '' }, { KMSKeyId: 7 }, { KMSKeyId: 'k'.repeat(3000) }, { KMSKeyId: 'k', Challenge: 'c'.repeat(5000) }]) {
      const self = greeted(parameters);
      assert.equal(lastFault(self.events), 'ssm.unsupportedSession');
      assert.deepEqual(responses(self).map(({ ActionStatus }) => ActionStatus), [1, 3]);
    }
    const plain = bench();
    plain.agent.send(5, handshakeRequest(), 0);
    plain.agent.send(8, json({ Challenge: 'AAAA' }), 0);
    plain.exchange();
    assert.deepEqual(plain.events.map(({ kind }) => kind), ['handshake', 'ignored']);
  });
});
