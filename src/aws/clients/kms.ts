import { jsonCaller, namedError } from './jsonProtocol';
import type { ClientSettings, SendOptions } from './settings';

export interface GenerateDataKeyInput {
  readonly KeyId: string;
  readonly NumberOfBytes: number;
  readonly EncryptionContext: Readonly<Record<string, string>>;
}

export interface GenerateDataKeyOutput {
  /** A secret. */
  readonly plaintext: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** The KMS call in use. A bundle of its own: reach it through `import()` only. */
export interface KmsApi {
  /** @throws Error as the SDK's clients do: AWS's code as its name, the HTTP status in `$metadata`. */
  generateDataKey(input: GenerateDataKeyInput, options: SendOptions): Promise<GenerateDataKeyOutput>;
}

const SERVICE = { name: 'kms', targetPrefix: 'TrentService' };

export function createKms(settings: ClientSettings): KmsApi {
  const call = jsonCaller(SERVICE, settings);
  return {
    async generateDataKey(input, options) {
      const { Plaintext, CiphertextBlob } = await call('GenerateDataKey', input, options);
      if (typeof Plaintext !== 'string' || typeof CiphertextBlob !== 'string') {
        throw namedError('UnexpectedAnswer', 'GenerateDataKey answered without a key.');
      }
      return { plaintext: Buffer.from(Plaintext, 'base64'), ciphertext: Buffer.from(CiphertextBlob, 'base64') };
    },
  };
}
