import { arnOf } from '../kms';
import { ServiceError } from '../sessionManager/service';
import type { Action, Call, ServiceDefinition } from './definition';
import { awsJson11 } from './protocol/json';
import { ApiError } from './protocol/protocol';

const MAX_DATA_KEY_BYTES = 1024;

const generateDataKey: Action = {
  resource: keyArn,
  run(call) {
    const { input } = call;
    const bytes = input.integer('NumberOfBytes', 1, MAX_DATA_KEY_BYTES) ?? 32;
    const context = input.mapOfText('EncryptionContext');
    const key = underAwsNames(() => call.keys.generateDataKey(input.required('KeyId'), bytes, context, placeOf(call)));
    return {
      CiphertextBlob: key.ciphertext.toString('base64'),
      Plaintext: key.plaintext.toString('base64'),
      KeyId: key.arn,
    };
  },
};

const decrypt: Action = {
  resource: keyArn,
  run(call) {
    const { input } = call;
    const blob = Buffer.from(input.required('CiphertextBlob'), 'base64');
    const context = input.mapOfText('EncryptionContext');
    const key = underAwsNames(() => call.keys.decrypt(blob, context, placeOf(call), input.text('KeyId')));
    return { Plaintext: key.plaintext.toString('base64'), KeyId: key.arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
  },
};

function placeOf({ caller, region }: Call) {
  return { accountId: caller.accountId, region: region.name };
}

/** Of the key that the request names by whatever name. */
function keyArn({ world, input }: Call): string {
  const keyId = input.text('KeyId');
  const key = world.kmsKeys.find((row) => [row.id, row.alias, arnOf(row)].includes(keyId ?? ''));
  return key ? arnOf(key) : (keyId ?? '*');
}

function underAwsNames<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ServiceError) throw new ApiError(error.code, error.message, error.status);
    throw error;
  }
}

export const kms: ServiceDefinition = {
  signingName: 'kms',
  protocol: awsJson11('TrentService'),
  actions: { GenerateDataKey: generateDataKey, Decrypt: decrypt },
};
