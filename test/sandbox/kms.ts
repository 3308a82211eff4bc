// The key service of the sandbox: real AES-GCM wrapping, so that only the right key and the right context unwrap.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { ServiceError } from './sessionManager/documents';
import type { KmsKey } from './worldTypes';

export type EncryptionContext = Readonly<Record<string, string>>;

/** Whose keys are meant. */
export interface KeyPlace {
  readonly accountId: string;
  readonly region: string;
}

const ID_BYTES = 36;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export class KeyStore {
  readonly #keys: readonly KmsKey[];

  /** @param keys as the world has them; what changes there counts at the next call. */
  constructor(keys: readonly KmsKey[]) {
    this.#keys = keys;
  }

  /** @throws ServiceError `NotFoundException`, `DisabledException` */
  generateDataKey(keyId: string, bytes: number, context: EncryptionContext, place: KeyPlace) {
    const key = this.#usable(keyId, place);
    const plaintext = randomBytes(bytes);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', material(key), nonce).setAAD(canonical(context));
    const wrapped = Buffer.concat([Buffer.from(key.id), nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return { plaintext, ciphertext: wrapped, arn: arnOf(key) };
  }

  /** @throws ServiceError `InvalidCiphertextException` for another context too, `IncorrectKeyException`, `DisabledException` */
  decrypt(ciphertext: Buffer, context: EncryptionContext, place: KeyPlace, keyId?: string) {
    const id = ciphertext.toString('latin1', 0, ID_BYTES);
    const owner = this.#keys.find((key) => key.id === id);
    if (!owner || ciphertext.length < ID_BYTES + NONCE_BYTES + TAG_BYTES) throw new ServiceError('InvalidCiphertextException', '');
    const key = this.#usable(arnOf(owner), place);
    if (keyId !== undefined && this.#usable(keyId, place) !== key) {
      throw new ServiceError('IncorrectKeyException', 'The key ID in the request does not identify a CMK that can perform this operation.');
    }
    const tagAt = ciphertext.length - TAG_BYTES;
    const nonceEnd = ID_BYTES + NONCE_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', material(key), ciphertext.subarray(ID_BYTES, nonceEnd));
    decipher.setAAD(canonical(context)).setAuthTag(ciphertext.subarray(tagAt));
    try {
      return { plaintext: Buffer.concat([decipher.update(ciphertext.subarray(nonceEnd, tagAt)), decipher.final()]), arn: arnOf(key) };
    } catch {
      throw new ServiceError('InvalidCiphertextException', '');
    }
  }

  #usable(keyId: string, { accountId, region }: KeyPlace): KmsKey {
    const key = this.#keys.find((candidate) => {
      const isHere = candidate.accountId === accountId && candidate.region === region;
      return isHere && [candidate.id, candidate.alias, arnOf(candidate)].includes(keyId);
    });
    if (!key) throw new ServiceError('NotFoundException', `Key '${keyId}' does not exist`);
    if (!key.enabled) throw new ServiceError('DisabledException', `${arnOf(key)} is disabled.`);
    return key;
  }
}

export function arnOf({ region, accountId, id }: KmsKey): string {
  return `arn:aws:kms:${region}:${accountId}:key/${id}`;
}

/** Stands for what never leaves the real service. */
function material({ id }: KmsKey): Buffer {
  return createHash('sha256').update(`material of ${id}`).digest();
}

function canonical(context: EncryptionContext): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}
