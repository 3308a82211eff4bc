import { readFile } from 'node:fs/promises';
import { fromLoginCredentials, fromProcess } from '@aws-sdk/credential-providers';
import { requestHandler } from './clients/settings';
import type { Credentials } from './clients/settings';
import type { Section } from './configFiles';
import { containerCredentials, instanceCredentials, issued, variableCredentials, webIdentityCredentials } from './credentialSources';
import type { CredentialSource } from './credentialSources';
import { noCredentialsFault, signInFault } from './faults';
import { section, ssoSection } from './profiles';
import { badSsoFault, ssoRoleOf, ssoSessionOf } from './ssoConfig';

const DEFAULT_ROLE_SECONDS = 3600;

/**
 * The credentials of a profile of the files, by the rules of the AWS SDKs: a role first, then keys, web identity,
 * program, sign-in. The SDK's own resolution is not used since it looks into the process's environment for the sources that
 * a profile names, knows no prompts, and asks IAM Identity Center at the public endpoint only.
 * @throws an error of a provider, a service or the file system, or a Fault
 */
export function profileCredentials(source: CredentialSource): Promise<Credentials> {
  return resolved(source, source.settings.name, []);
}

/** @param visited the profiles that led here by `source_profile` */
async function resolved(source: CredentialSource, name: string, visited: readonly string[]): Promise<Credentials> {
  const values = section(source.shared, name);
  const keys = staticKeys(values);
  // A role's source may be its own profile: its keys are meant then.
  if (visited.length > 0 && keys) return keys;
  if (visited.includes(name)) throw noCredentialsFault(source.settings.name, name);
  if (values['role_arn'] && (values['source_profile'] || values['credential_source'])) {
    return assumed(source, name, values, [...visited, name]);
  }
  if (keys) return keys;
  if (values['web_identity_token_file'] && values['role_arn']) return webIdentity(source, values);
  const files = { profile: name, filepath: source.paths.credentials, configFilepath: source.paths.config, ignoreCache: true };
  if (values['credential_process']) return fromProcess(files)();
  if (values['sso_session'] || values['sso_start_url'] || values['sso_account_id']) return signedIn(source, name, values);
  if (values['login_session']) {
    return fromLoginCredentials({ ...files, clientConfig: { requestHandler: requestHandler(source.agents), maxAttempts: 2 } })();
  }
  if (values['credential_source']) return namedSource(source, name, values['credential_source']);
  throw noCredentialsFault(source.settings.name, name);
}

function staticKeys(values: Section): Credentials | undefined {
  const accessKeyId = values['aws_access_key_id'];
  const secretAccessKey = values['aws_secret_access_key'];
  const sessionToken = values['aws_session_token'];
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } : undefined;
}

async function assumed(source: CredentialSource, name: string, values: Section, visited: readonly string[]): Promise<Credentials> {
  const from = values['source_profile'];
  const base = from ? await resolved(source, from, visited) : await namedSource(source, name, values['credential_source'] ?? '');
  const externalId = values['external_id'];
  const seconds = Number.parseInt(values['duration_seconds'] ?? '', 10);
  const params = {
    RoleArn: values['role_arn'],
    RoleSessionName: values['role_session_name'] || 'sallyport',
    ...(externalId && { ExternalId: externalId }),
    DurationSeconds: Number.isNaN(seconds) ? DEFAULT_ROLE_SECONDS : seconds,
  };
  const assume = async (more: object): Promise<Credentials> =>
    issued(await source.sts(base).assumeRole({ ...params, ...more }, { abortSignal: source.lifetime }));
  const serial = values['mfa_serial'];
  const credentials = serial
    ? await source.mfa.credentials({
        key: JSON.stringify([params, serial, from ?? values['credential_source'], base.sessionToken ? '' : base.accessKeyId]),
        profile: name,
        serial,
        assume: (code) => assume({ SerialNumber: serial, TokenCode: code }),
      })
    : await assume({});
  const actBy = earlier(credentials.actBy, base.actBy);
  return actBy ? { ...credentials, actBy } : credentials;
}

function earlier(one: Date | undefined, other: Date | undefined): Date | undefined {
  return one && other ? (one < other ? one : other) : (one ?? other);
}

async function namedSource(source: CredentialSource, profile: string, name: string): Promise<Credentials> {
  switch (name) {
    case 'Environment': {
      const keys = variableCredentials(source.env);
      if (keys) return keys;
      throw noCredentialsFault(source.settings.name, profile);
    }
    case 'EcsContainer':
      return containerCredentials(source);
    case 'Ec2InstanceMetadata':
      return instanceCredentials(source);
    default:
      throw noCredentialsFault(source.settings.name, profile);
  }
}

async function webIdentity(source: CredentialSource, values: Section): Promise<Credentials> {
  return webIdentityCredentials(source, {
    RoleArn: values['role_arn'],
    RoleSessionName: values['role_session_name'] || 'sallyport',
    WebIdentityToken: (await readFile(values['web_identity_token_file'] ?? '', 'utf8')).trim(),
  });
}

async function signedIn(source: CredentialSource, name: string, values: Section): Promise<Credentials> {
  const session = ssoSessionOf(values, ssoSection(source.shared, values));
  const role = ssoRoleOf(values);
  if (!session || !role) throw badSsoFault(name, values);
  const token = await source.tokens.get(session, () => source.oidc(session), source.lifetime);
  const missing = (): Error => signInFault(source.settings.name, { command: 'aws sso login', profile: name });
  if (!token) throw missing();
  try {
    const credentials = await source
      .portal(session)
      .getRoleCredentials({ ...role, accessToken: token.accessToken }, { abortSignal: source.lifetime });
    // With a refresh token the sign-in lasts until someone ends it; else its end is known.
    return token.renewal ? credentials : { ...credentials, actBy: new Date(token.expiresAt) };
  } catch (error) {
    if (!(error instanceof Error && error.name === 'UnauthorizedException')) throw error;
    source.tokens.refuse(session, token);
    throw missing();
  }
}
