import { createHash } from 'node:crypto';
import { Fault } from '../base/fault';
import type { ProfileInfo } from '../model/inventory';
import type { Section, SharedConfig } from './configFiles';
import { ssoSessionOf } from './ssoConfig';
import type { SsoSession } from './ssoConfig';

/** The name under which credentials of the environment variables appear, unless a file has a profile of that name. */
export const ENVIRONMENT_PROFILE = 'environment';
const DEFAULT_PROFILE = 'default';

/** The CLI command that renews a profile's sign-in. */
export type SignIn = 'aws sso login' | 'aws login';

export interface SignInSettings {
  readonly command: SignIn;
  /** The profile that signs in, for the command. */
  readonly profile: string;
  /** Absent for `aws login`, and where the configuration of the sign-in is incomplete. */
  readonly session?: SsoSession;
}

/** Everything that the files and the environment say about one profile. */
export interface ProfileSettings {
  readonly name: string;
  /**
   * Where its credentials come from: variables; what the files say; or, when they say nothing, the container's
   * or the instance's own role.
   */
  readonly source: 'environment' | 'files' | 'ambient';
  /** The profile's region, else the environment's. */
  readonly region?: string;
  /** Path of a PEM bundle that replaces the built-in authorities (AWS_CA_BUNDLE, `ca_bundle`). */
  readonly caBundle?: string;
  readonly useFips: boolean;
  readonly useDualstack: boolean;
  /** Set when the profile, or one that it takes its credentials from, signs in through a browser. */
  readonly signIn?: SignInSettings;
  /** Endpoint override of a service (`ec2`, `ssm`, `sts`, `ec2_instance_connect`); undefined means AWS's own. */
  endpointUrl(service: string): string | undefined;
}

/** Any of these makes the files the source of a profile's credentials. */
const CREDENTIAL_KEYS = [
  'aws_access_key_id',
  'role_arn',
  'source_profile',
  'credential_source',
  'credential_process',
  'sso_session',
  'sso_start_url',
  'sso_account_id',
  'web_identity_token_file',
  'login_session',
];

/** Variables of containers and functions, and those without which the role of an instance has no region. */
const AMBIENT_TRACES = [
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_EXECUTION_ENV',
];

/**
 * Profiles in the order of the standard precedence: the environment's credentials, the one that AWS_PROFILE
 * names, `default`, then the others by name. Without any of these `default` stands for the role of the machine or
 * container, if the environment shows any trace of AWS; else the list is empty.
 */
export function listProfiles(shared: SharedConfig, env: NodeJS.ProcessEnv): ProfileInfo[] {
  const named = profileNames(shared);
  const first = [
    ...(hasEnvironmentCredentials(env) ? [ENVIRONMENT_PROFILE] : []),
    ...(env['AWS_PROFILE'] ? [env['AWS_PROFILE']] : []),
    ...(named.has(DEFAULT_PROFILE) ? [DEFAULT_PROFILE] : []),
  ];
  const others = [...named].toSorted((a, b) => a.localeCompare(b));
  const names = new Set([...first, ...others]);
  if (names.size === 0 && AMBIENT_TRACES.some((variable) => env[variable])) names.add(DEFAULT_PROFILE);
  return [...names].map((name) => profileInfo(shared, name, env));
}

function profileInfo(shared: SharedConfig, name: string, env: NodeJS.ProcessEnv): ProfileInfo {
  const region = regionOf(section(shared, sectionName(shared, name, env)), env);
  const settings = settingsOf(shared, name, env);
  return { name, ...(region && { region }), ...(settings !== undefined && { settings }) };
}

/** What says to which account a profile leads; the keys themselves are secrets, and renewed without leading elsewhere. */
const ACCOUNT_KEYS = [
  ...CREDENTIAL_KEYS.filter((key) => key !== 'aws_access_key_id'),
  'sso_role_name',
  'sso_region',
  'endpoint_url',
  'services',
];
const ACCOUNT_VARIABLES = ['AWS_ROLE_ARN', 'AWS_ENDPOINT_URL'];

/** A digest of whatever, in the files and variables, decides about the profile's account; undefined where nothing does. */
function settingsOf(shared: SharedConfig, name: string, env: NodeJS.ProcessEnv): string | undefined {
  const facts: unknown[] = ACCOUNT_VARIABLES.flatMap((variable) => (env[variable] ? [[variable, env[variable]]] : []));
  const seen = new Set<string>();
  for (let next: string | undefined = sectionName(shared, name, env); next !== undefined && !seen.has(next); ) {
    seen.add(next);
    const values = section(shared, next);
    for (const key of ACCOUNT_KEYS) if (values[key] !== undefined) facts.push([key, values[key]]);
    const session = ssoSection(shared, values);
    if (session) facts.push(session);
    next = values['source_profile'];
  }
  return facts.length === 0 ? undefined : createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
}

/** @throws Fault `aws.noProfile` when neither file has the profile. */
export function profileSettings(shared: SharedConfig, name: string, env: NodeJS.ProcessEnv): ProfileSettings {
  const known = profileNames(shared).has(name);
  const fromEnvironment = !known && name === ENVIRONMENT_PROFILE && hasEnvironmentCredentials(env);
  if (!known && !fromEnvironment && name !== DEFAULT_PROFILE) {
    throw new Fault('aws.noProfile', `There is no AWS profile "${name}" in ${shared.paths.config} or ${shared.paths.credentials}.`, {
      remedy: { text: `Choose another profile, or create it with \`aws configure --profile ${quoted(name)}\`.`, action: 'selectProfile' },
    });
  }
  const values = section(shared, sectionName(shared, name, env));
  const hasOwn = CREDENTIAL_KEYS.some((key) => values[key] !== undefined);
  const region = regionOf(values, env);
  const caBundle = env['AWS_CA_BUNDLE'] || values['ca_bundle'];
  const signIn = fromEnvironment ? undefined : signInOf(shared, name);
  return {
    name,
    source: fromEnvironment ? 'environment' : hasOwn ? 'files' : 'ambient',
    ...(region && { region }),
    ...(caBundle && { caBundle }),
    useFips: flag(env['AWS_USE_FIPS_ENDPOINT'] ?? values['use_fips_endpoint']),
    useDualstack: flag(env['AWS_USE_DUALSTACK_ENDPOINT'] ?? values['use_dualstack_endpoint']),
    ...(signIn && { signIn }),
    endpointUrl: (service) => endpointUrl(service, values, shared, env),
  };
}

/** Whether the variables alone are an identity: a key pair, or a web identity's token file and role. */
export function hasEnvironmentCredentials(env: NodeJS.ProcessEnv): boolean {
  return Boolean(
    (env['AWS_ACCESS_KEY_ID'] && env['AWS_SECRET_ACCESS_KEY']) || (env['AWS_WEB_IDENTITY_TOKEN_FILE'] && env['AWS_ROLE_ARN']),
  );
}

/** A profile name as a POSIX shell or PowerShell reads it back. */
export function quoted(name: string): string {
  return /^[\w@%+=:,./-]+$/.test(name) ? name : `'${name.replaceAll("'", '')}'`;
}

// Sections of the files that are no profiles.
const OTHER_SECTION = /^(?:sso-session|services|profile)\./;

/** Every profile of the two files. */
export function profileNames(shared: SharedConfig): Set<string> {
  const names = [...Object.keys(shared.config), ...Object.keys(shared.credentials)];
  return new Set(names.filter((name) => !OTHER_SECTION.test(name)));
}

/** The environment's credentials use the settings of the profile that the tools would use by themselves. */
function sectionName(shared: SharedConfig, name: string, env: NodeJS.ProcessEnv): string {
  const borrowed = name === ENVIRONMENT_PROFILE && !profileNames(shared).has(name);
  return borrowed ? env['AWS_PROFILE'] || DEFAULT_PROFILE : name;
}

/** The section of the `sso-session` that a profile names; undefined when there is none. */
export function ssoSection(shared: SharedConfig, values: Section): Section | undefined {
  return ownSection(shared.config, `sso-session.${values['sso_session'] ?? ''}`);
}

/** What the files say of a profile. The credentials file wins where both speak, as in the SDK. */
export function section(shared: SharedConfig, name: string): Section {
  return { ...ownSection(shared.config, name), ...ownSection(shared.credentials, name) };
}

function ownSection(sections: SharedConfig['config'], name: string): Section | undefined {
  return Object.hasOwn(sections, name) ? sections[name] : undefined;
}

function regionOf(values: Section, env: NodeJS.ProcessEnv): string | undefined {
  return values['region'] || env['AWS_REGION'] || env['AWS_DEFAULT_REGION'];
}

function flag(value: string | undefined): boolean {
  return value?.toLowerCase() === 'true';
}

/** How a profile, or one that it takes its credentials from, signs in; undefined when it does not. */
export function signInOf(shared: SharedConfig, name: string): SignInSettings | undefined {
  const visited = new Set<string>();
  for (let current: string | undefined = name; current && !visited.has(current); ) {
    visited.add(current);
    const values = section(shared, current);
    if (values['sso_session'] || values['sso_start_url']) {
      const session = ssoSessionOf(values, ssoSection(shared, values));
      return { command: 'aws sso login', profile: current, ...(session && { session }) };
    }
    if (values['login_session']) return { command: 'aws login', profile: current };
    current = values['source_profile'];
  }
  return undefined;
}

/** The precedence of the AWS SDKs and tools reference guide, "Service-specific endpoints". */
function endpointUrl(service: string, values: Section, shared: SharedConfig, env: NodeJS.ProcessEnv): string | undefined {
  if (flag(env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] ?? values['ignore_configured_endpoint_urls'])) return undefined;
  const services = values['services'] ? ownSection(shared.config, `services.${values['services']}`) : undefined;
  const url =
    env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] ||
    env['AWS_ENDPOINT_URL'] ||
    services?.[`${service}.endpoint_url`] ||
    values['endpoint_url'];
  if (!url) return undefined;
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw new Fault('aws.badEndpoint', `The configured endpoint "${url}" of ${service} is no http or https address.`, {
    remedy: { text: 'Correct AWS_ENDPOINT_URL or `endpoint_url` in the AWS configuration.', action: 'retry' },
  });
}
