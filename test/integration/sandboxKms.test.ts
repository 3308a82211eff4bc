import assert from 'node:assert/strict';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { startSandbox, type Sandbox } from '../sandbox/sandbox';
import { credentialsOf } from './sandboxClients';

describe("the sandbox's KMS API", () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ servers: false });
  });
  afterEach(() => sandbox.close());

  /** A request signed by AWS's own signer. @returns the answer's members, or its error code */
  async function ask(action: string, input: object, profile = 'dev'): Promise<Record<string, string> | string> {
    const url = new URL(sandbox.endpoint);
    const signer = new SignatureV4({ service: 'kms', region: 'eu-central-1', credentials: credentialsOf(sandbox, profile), sha256: Sha256 });
    const body = JSON.stringify(input);
    const { headers } = await signer.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      path: '/',
      query: {},
      headers: { host: url.host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${action}` },
      body,
    });
    const response = await fetch(url, { method: 'POST', headers, body });
    const answer = (await response.json()) as Record<string, string>;
    return response.ok ? answer : answer['__type']!;
  }

  it('gives data keys and opens them again, each for its own permission, account and context', async () => {
    const EncryptionContext = { session: 'one' };
    const key = await ask('GenerateDataKey', { KeyId: 'alias/sandbox-sessions', NumberOfBytes: 64, EncryptionContext });
    assert.ok(typeof key === 'object');
    const { CiphertextBlob, Plaintext, KeyId } = key;
    assert.equal(Buffer.from(Plaintext!, 'base64').length, 64);
    assert.match(KeyId!, /^arn:aws:kms:eu-central-1:111122223333:key\//);
    const opened = await ask('Decrypt', { CiphertextBlob, EncryptionContext });
    assert.ok(typeof opened === 'object' && opened['Plaintext'] === Plaintext);
    assert.equal(await ask('Decrypt', { CiphertextBlob }), 'InvalidCiphertextException');
    assert.equal(await ask('Decrypt', { CiphertextBlob, EncryptionContext }, 'denied'), 'AccessDeniedException');
    assert.equal(await ask('Decrypt', { CiphertextBlob, EncryptionContext }, 'dev-second'), 'NotFoundException');
    assert.equal(await ask('GenerateDataKey', { KeyId, NumberOfBytes: 2000 }), 'ValidationException');
    assert.equal(await ask('GenerateDataKey', { KeyId: 'alias/none', NumberOfBytes: 64 }), 'NotFoundException');
    assert.equal(await ask('GenerateDataKey', { NumberOfBytes: 64 }), 'ValidationException');
  });
});
