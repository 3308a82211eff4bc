import assert from 'node:assert/strict';
import { arnOf, KeyStore } from '../../sandbox/kms';
import { AgentCipher, KeyExchange } from '../../sandbox/sessionManager/agentCipher';
import { describeWorld } from '../../sandbox/world';
import type { KmsKey } from '../../sandbox/worldTypes';

describe("the sandbox's keys", () => {
  const place = { accountId: '111122223333', region: 'eu-central-1' };
  const context = { purpose: 'test', who: 'dora' };
  let keys: KmsKey[];
  let store: KeyStore;

  beforeEach(() => {
    const [first] = describeWorld().kmsKeys;
    keys = [first!, { ...first!, id: '00000000-0000-4000-8000-000000000002', alias: 'alias/other' }];
    store = new KeyStore(keys);
  });

  it('are known by id, alias and ARN, in their own account and region', () => {
    const [key] = keys;
    for (const name of [key!.id, key!.alias, arnOf(key!)]) assert.equal(store.generateDataKey(name, 64, {}, place).plaintext.length, 64);
    for (const elsewhere of [{ ...place, region: 'us-east-1' }, { ...place, accountId: '444455556666' }]) {
      assert.throws(() => store.generateDataKey(key!.id, 64, {}, elsewhere), { code: 'NotFoundException' });
    }
  });

  it('open what they sealed: with the same context in any order, unchanged, and while they are enabled', () => {
    const { plaintext, ciphertext } = store.generateDataKey('alias/other', 32, context, place);
    const reversed = Object.fromEntries(Object.entries(context).toReversed());
    assert.deepEqual(store.decrypt(ciphertext, reversed, place).plaintext, plaintext);
    const invalid = { code: 'InvalidCiphertextException' };
    for (const other of [{}, { ...context, more: '' }, { ...context, who: 'sam' }]) assert.throws(() => store.decrypt(ciphertext, other, place), invalid);
    for (const at of [0, 40, ciphertext.length - 1]) {
      const changed = Buffer.from(ciphertext);
      changed[at]! ^= 1;
      assert.throws(() => store.decrypt(changed, context, place), invalid, `byte ${at}`);
    }
    assert.throws(() => store.decrypt(ciphertext.subarray(0, 50), context, place), invalid);
    assert.throws(() => store.decrypt(ciphertext, context, place, keys[0]!.alias), { code: 'IncorrectKeyException' });
    keys[1]!.enabled = false;
    assert.throws(() => store.decrypt(ciphertext, context, place), { code: 'DisabledException' });
  });
});

describe("the sandbox agent's encryption", () => {
  it('seals with the first half of the key and opens with the second, as a known answer', () => {
    // AES-256-GCM, test case 14 of its specification.
    const sealed = Buffer.from('000000000000000000000000cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919', 'hex');
    const opening = new AgentCipher(Buffer.concat([Buffer.alloc(32, 1), Buffer.alloc(32)]));
    assert.deepEqual(opening.open(sealed), Buffer.alloc(16));
    const sealing = new AgentCipher(Buffer.concat([Buffer.alloc(32), Buffer.alloc(32, 1)]));
    assert.equal(sealing.open(sealed), undefined);
    assert.deepEqual(opening.open(sealing.seal(Buffer.from('mirror'))), Buffer.from('mirror'));
    assert.equal(opening.open(sealed.subarray(0, 27)), undefined);
  });

  it('asks KMS with the random text exactly when the client says that it used it', () => {
    const contexts: unknown[] = [];
    const decrypt = (_sealed: Buffer, context: Readonly<Record<string, string>>): Buffer => {
      contexts.push(context);
      return Buffer.alloc(64);
    };
    const exchange = new KeyExchange({ keyId: 'key', challenge: true, decrypt }, { sessionId: 's', targetId: 'i' });
    const { Challenge } = exchange.action.ActionParameters;
    assert.ok(Challenge);
    for (const ChallengeAcknowledgement of [true, false, undefined]) exchange.takeKey({ KMSCipherTextKey: 'AAAA', ChallengeAcknowledgement });
    const plain = { 'aws:ssm:SessionId': 's', 'aws:ssm:TargetId': 'i' };
    assert.deepEqual(contexts, [{ ...plain, 'aws:ssm:RandomChallenge': Challenge }, plain, plain]);
    assert.throws(() => exchange.takeKey({}), /KMSCipherTextKey/);
  });

  it('takes only its own bytes, sealed by the client, for a proof', () => {
    const dataKey = Buffer.concat([Buffer.alloc(32, 1), Buffer.alloc(32, 2)]);
    const exchange = new KeyExchange({ keyId: 'key', challenge: false, decrypt: () => dataKey }, { sessionId: 's', targetId: 'i' });
    exchange.takeKey({ KMSCipherTextKey: 'AAAA' });
    const client = new AgentCipher(Buffer.concat([dataKey.subarray(32), dataKey.subarray(0, 32)]));
    const { Challenge } = JSON.parse(exchange.challenge().toString()) as { Challenge: string };
    const bytes = client.open(Buffer.from(Challenge, 'base64'))!;
    assert.equal(bytes.length, 64);
    const proof = (sealed: Buffer): boolean => exchange.isProof(Buffer.from(JSON.stringify({ Challenge: sealed.toString('base64') })));
    assert.ok(proof(client.seal(bytes)));
    assert.ok(!proof(client.seal(Buffer.alloc(64))));
    assert.ok(!proof(Buffer.from(Challenge, 'base64')), 'the challenge itself');
  });
});
