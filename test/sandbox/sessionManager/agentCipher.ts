// Encryption of a session as the agent has it: the mirror image of the client's keys. Independent of src/wire/.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const CHALLENGE_BYTES = 64;

/** What an agent needs when its session document demands encryption. */
export interface AgentEncryption {
  readonly keyId: string;
  /** A newer agent: puts a random text into the encryption context. */
  readonly challenge: boolean;
  /** KMS Decrypt with the machine's own permissions. @throws Error in KMS's words */
  readonly decrypt: (ciphertext: Buffer, context: Readonly<Record<string, string>>) => Buffer;
}

export class AgentCipher {
  readonly #sealingKey: Buffer;
  readonly #openingKey: Buffer;

  /** @param dataKey 64 bytes; the client opens with the first 32, so that we seal with them. */
  constructor(dataKey: Buffer) {
    this.#sealingKey = Buffer.from(dataKey.subarray(0, 32));
    this.#openingKey = Buffer.from(dataKey.subarray(32, 64));
  }

  seal(plain: Buffer): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#sealingKey, nonce);
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** Undefined when it was sealed with another key, or changed. */
  open(sealed: Buffer): Buffer | undefined {
    if (sealed.length < 28) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#openingKey, sealed.subarray(0, 12));
    decipher.setAuthTag(sealed.subarray(sealed.length - 16));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(12, sealed.length - 16)), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}

/** One handshake's encryption: what is asked for, what came back, and the proof that both ends hold the same key. */
export class KeyExchange {
  readonly #encryption: AgentEncryption;
  readonly #session: { readonly sessionId: string; readonly targetId: string };
  readonly #randomText = randomBytes(32).toString('base64');
  readonly #randomBytes = randomBytes(CHALLENGE_BYTES);
  #cipher: AgentCipher | undefined;

  constructor(encryption: AgentEncryption, session: { readonly sessionId: string; readonly targetId: string }) {
    this.#encryption = encryption;
    this.#session = session;
  }

  get cipher(): AgentCipher | undefined {
    return this.#cipher;
  }

  /** For RequestedClientActions. */
  get action() {
    const { keyId, challenge } = this.#encryption;
    return {
      ActionType: 'KMSEncryption',
      ActionParameters: { KMSKeyId: keyId, ...(challenge && { Challenge: this.#randomText }) },
    };
  }

  /** Takes the client's ActionResult. @throws Error when there is no key in it, or KMS does not open it. */
  takeKey(result: Readonly<Record<string, unknown>>): void {
    const sealed = result['KMSCipherTextKey'];
    if (typeof sealed !== 'string') throw new Error('no KMSCipherTextKey');
    const { sessionId, targetId } = this.#session;
    const context = {
      'aws:ssm:SessionId': sessionId,
      'aws:ssm:TargetId': targetId,
      ...(result['ChallengeAcknowledgement'] === true && { 'aws:ssm:RandomChallenge': this.#randomText }),
    };
    this.#cipher = new AgentCipher(this.#encryption.decrypt(Buffer.from(sealed, 'base64'), context));
  }

  challenge(): Buffer {
    return Buffer.from(JSON.stringify({ Challenge: this.#cipher!.seal(this.#randomBytes).toString('base64') }));
  }

  isProof(payload: Buffer): boolean {
    const { Challenge } = JSON.parse(payload.toString()) as { Challenge?: string };
    return this.#cipher?.open(Buffer.from(Challenge ?? '', 'base64'))?.equals(this.#randomBytes) ?? false;
  }
}
