import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccessKey, Profile, World } from './worldTypes';

export interface AwsConfigFiles {
  readonly configFile: string;
  readonly credentialsFile: string;
  /** Environment that makes the standard credential chain use these files and nothing else. */
  readonly env: Readonly<Record<string, string>>;
}

/** Writes `config` and `credentials` as the AWS CLI has them, with the world's profiles, for the owner's eyes only. */
export async function writeAwsConfig(directory: string, world: World, endpoint: string): Promise<AwsConfigFiles> {
  const configFile = join(directory, 'config');
  const credentialsFile = join(directory, 'credentials');
  await mkdir(directory, { recursive: true });
  const config = world.profiles.map((profile) => configSection(profile, endpoint));
  const credentials = world.profiles.map((profile) => credentialsSection(profile, world));
  await writeFile(configFile, config.join('\n'), { mode: 0o600 });
  await writeFile(credentialsFile, credentials.join('\n'), { mode: 0o600 });
  return {
    configFile,
    credentialsFile,
    env: {
      AWS_CONFIG_FILE: configFile,
      AWS_SHARED_CREDENTIALS_FILE: credentialsFile,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
  };
}

/** The environment that says the same as a profile, without any file. */
export function profileEnvironment(name: string, world: World, endpoint: string): Record<string, string> {
  const profile = world.profiles.find((candidate) => candidate.name === name);
  if (!profile) throw new Error(`the world has no profile ${name}`);
  const key = keyOf(profile, world);
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: key.id,
    AWS_SECRET_ACCESS_KEY: profile.secret ?? key.secret,
    ...(key.sessionToken !== undefined && { AWS_SESSION_TOKEN: key.sessionToken }),
    ...(profile.region !== undefined && { AWS_REGION: profile.region }),
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

function configSection({ name, region }: Profile, endpoint: string): string {
  const regionLine = region === undefined ? [] : [`region = ${region}`];
  return lines(`[profile ${name}]`, ...regionLine, `endpoint_url = ${endpoint}`);
}

function credentialsSection(profile: Profile, world: World): string {
  const key = keyOf(profile, world);
  return lines(
    `[${profile.name}]`,
    `aws_access_key_id = ${key.id}`,
    `aws_secret_access_key = ${profile.secret ?? key.secret}`,
    ...(key.sessionToken === undefined ? [] : [`aws_session_token = ${key.sessionToken}`]),
  );
}

function keyOf({ accessKeyId }: Profile, { accessKeys }: World): AccessKey {
  const key = accessKeys.find(({ id }) => id === accessKeyId);
  if (!key) throw new Error(`the world has no access key ${accessKeyId}`);
  return key;
}

function lines(...text: string[]): string {
  return `${text.join('\n')}\n`;
}
