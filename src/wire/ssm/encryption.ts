import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Fault } from '../../base/fault';

// Sessions that are encrypted with a KMS key besides TLS (session-manager-plugin, encryption).

/** Size of the data key that both ends share: one AES-256 key for each direction. */
export const DATA_KEY_BYTES = 64;
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** What the agent asks for when its session document demands encryption. */
export interface EncryptionRequest {
  /** Id, ARN or alias of the KMS key. */
  readonly keyId: string;
  /** Newer agents: a random text that becomes a part of the encryption context, so that no old key can be replayed. */
  readonly challenge?: string;
}

/** What KMS binds the data key to; the agent decrypts it with the same words. */
export function encryptionContext(
  sessionId: string,
  targetId: string,
  { challenge }: EncryptionRequest,
): Record<string, string> {
  return {
    'aws:ssm:SessionId': sessionId,
    'aws:ssm:TargetId': targetId,
    ...(challenge !== undefined && { 'aws:ssm:RandomChallenge': challenge }),
  };
}

/** The client's end: payloads become nonce (12) ‖ ciphertext ‖ tag (16), without additional data. */
export class PayloadCipher {
  readonly #opening: KeyObject;
  readonly #sealing: KeyObject;
  readonly #nonce: Buffer;

  /**
   * @param dataKey 64 bytes, copied: the first half opens what the agent sends, the second half seals what we send.
   * @param nonceSeed 12 random bytes. Nonces count on from there: none comes twice in the life of a key.
   * @throws Fault `ssm.encryptionFailed` for a key of another size.
   */
  constructor(dataKey: Uint8Array, nonceSeed: Uint8Array) {
    if (dataKey.length !== DATA_KEY_BYTES) {
      throw encryptionFailed(`The data key of the session has ${dataKey.length} bytes instead of ${DATA_KEY_BYTES}.`);
    }
    this.#opening = createSecretKey(dataKey.subarray(0, DATA_KEY_BYTES / 2));
    this.#sealing = createSecretKey(dataKey.subarray(DATA_KEY_BYTES / 2));
    this.#nonce = Buffer.from(nonceSeed.subarray(0, NONCE_BYTES));
  }

  /** The pieces of the payload that carries `chunks`. */
  seal(chunks: readonly Uint8Array[]): Uint8Array[] {
    const nonce = this.#nextNonce();
    const cipher = createCipheriv(CIPHER, this.#sealing, nonce);
    const sealed = chunks.map((chunk) => cipher.update(chunk));
    return [nonce, ...sealed, cipher.final(), cipher.getAuthTag()];
  }

  /** @throws Fault `ssm.encryptionFailed`: another key, or something was changed on the way. */
  open(payload: Buffer): Buffer {
    if (payload.length < NONCE_BYTES + TAG_BYTES) throw unreadable();
    const tagAt = payload.length - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, this.#opening, payload.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(payload.subarray(tagAt));
    const plain = decipher.update(payload.subarray(NONCE_BYTES, tagAt));
    try {
      decipher.final();
    } catch (error) {
      throw unreadable(error);
    }
    return plain;
  }

  #nextNonce(): Buffer {
    // The last four bytes carry into the four before them: 2^64 messages.
    const low = (this.#nonce.readUInt32BE(8) + 1) >>> 0;
    this.#nonce.writeUInt32BE(low, 8);
    if (low === 0) this.#nonce.writeUInt32BE((this.#nonce.readUInt32BE(4) + 1) >>> 0, 4);
    return Buffer.from(this.#nonce);
  }
}

/** The agent went on as if the session were encrypted, without having proved that it has the same key. */
export function keyNotProven(): Fault {
  return encryptionFailed('The agent did not prove that it holds the key of the encrypted session.');
}

function unreadable(cause?: unknown): Fault {
  const text = 'A message of the encrypted session cannot be decrypted: the agent has another key, or it was changed on the way.';
  return encryptionFailed(text, cause);
}

function encryptionFailed(text: string, cause?: unknown): Fault {
  return new Fault('ssm.encryptionFailed', text, {
    cause,
    remedy: {
      text: 'Try again; if it lasts, check the KMS key of the session document and that nothing changes the traffic.',
      action: 'retry',
    },
  });
}
