import type { AccessKey } from '../worldTypes';
import type { Action, ServiceDefinition } from './definition';
import { ApiError, SENTENCES } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import { awsQuery } from './protocol/query';

const DEFAULT_SECONDS = 3600;

const getCallerIdentity: Action = {
  open: true,
  run: ({ caller }) => ({ Arn: caller.arn, UserId: caller.userId, Account: caller.accountId }),
};

const assumeRole: Action = {
  resource: ({ input }) => input.text('RoleArn') ?? '*',
  run({ input, caller, world, identities }) {
    const arn = input.required('RoleArn');
    const sessionName = input.required('RoleSessionName');
    const seconds = input.integer('DurationSeconds', 900, 43_200) ?? DEFAULT_SECONDS;
    if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
      const constraint = 'Member must satisfy regular expression pattern: [\\w+=,.@-]*';
      throw new ApiError('ValidationError', SENTENCES.invalid('RoleSessionName', `'${sessionName}'`, constraint));
    }
    const externalId = input.text('ExternalId');
    const role = world.roles.find((candidate) => candidate.arn === arn);
    const isTrusted = role?.trusts.includes(caller.arn) && (role.externalId ?? externalId) === externalId;
    // A role that does not exist is not told from one that does not trust the caller.
    if (!role || !isTrusted) {
      const sentence = `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`;
      throw new ApiError('AccessDenied', sentence, 403);
    }
    if (role.mfa && (input.text('SerialNumber') !== role.mfa.serial || input.text('TokenCode') !== role.mfa.code)) {
      throw new ApiError('AccessDenied', 'MultiFactorAuthentication failed with invalid MFA one time pass code. ', 403);
    }
    return issued(identities.issue(role, sessionName, seconds));
  },
};

const assumeRoleWithWebIdentity: Action = {
  unsigned: true,
  run({ input, world, identities }) {
    const [arn, sessionName, token] = ['RoleArn', 'RoleSessionName', 'WebIdentityToken'].map((name) => input.required(name));
    const role = world.roles.find((candidate) => candidate.arn === arn);
    if (role?.webIdentityToken === undefined) throw new ApiError('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403);
    if (role.webIdentityToken !== token) throw new ApiError('InvalidIdentityToken', 'No OpenIDConnect provider found in your account for the token');
    return issued(identities.issue(role, sessionName!, DEFAULT_SECONDS));
  },
};

function issued(key: AccessKey): Output {
  return {
    Credentials: {
      AccessKeyId: key.id,
      SecretAccessKey: key.secret,
      SessionToken: key.sessionToken,
      Expiration: new Date(key.expiresAt!),
    },
    AssumedRoleUser: { AssumedRoleId: key.userId, Arn: key.arn },
  };
}

export const sts: ServiceDefinition = {
  signingName: 'sts',
  protocol: awsQuery({ version: '2011-06-15', namespace: 'https://sts.amazonaws.com/doc/2011-06-15/' }),
  actions: { GetCallerIdentity: getCallerIdentity, AssumeRole: assumeRole, AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity },
};
