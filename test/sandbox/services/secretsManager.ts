import type { Secret } from '../worldTypes';
import type { Action, Call, ServiceDefinition } from './definition';
import { awsJson11 } from './protocol/json';
import { ApiError } from './protocol/protocol';

const getSecretValue: Action = {
  resource: (call) => {
    const secret = found(call);
    return secret ? arnOf(secret) : (call.input.text('SecretId') ?? '*');
  },
  run(call) {
    const secret = found(call);
    if (!secret) throw new ApiError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    if (secret.deleted) {
      throw new ApiError('InvalidRequestException', "You can't perform this operation on the secret because it was marked for deletion.");
    }
    const { name, value } = secret;
    const held = typeof value === 'string' ? { SecretString: value } : { SecretBinary: Buffer.from(value).toString('base64') };
    return { ARN: arnOf(secret), Name: name, ...held, VersionStages: ['AWSCURRENT'] };
  },
};

export const secretsManager: ServiceDefinition = {
  signingName: 'secretsmanager',
  protocol: awsJson11('secretsmanager'),
  actions: { GetSecretValue: getSecretValue },
};

/** By its name, or by its ARN with or without the six characters at its end. */
function found({ world, caller, region, input }: Call): Secret | undefined {
  const id = input.required('SecretId');
  return world.secrets.find((secret) => {
    const isHere = secret.accountId === caller.accountId && secret.region === region.name;
    return isHere && [secret.name, arnOf(secret), arnOf(secret).slice(0, -7)].includes(id);
  });
}

function arnOf({ region, accountId, name }: Secret): string {
  return `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}-a1B2c3`;
}
