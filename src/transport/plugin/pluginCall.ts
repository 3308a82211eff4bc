import { posix } from 'node:path';
import type { PluginGrant } from '../../model/pluginAccess';
import type { SsmSessionGrant, SsmSessionRequest } from '../../model/ssmSession';
import { sessionDocument, sessionParameters } from '../../model/ssmSession';
import { variable } from './findPlugin';

/** Name of the variable that brings the session to plugins after 1.2.497.0; given in place of the session itself. */
const RESPONSE = 'AWS_SSM_START_SESSION_RESPONSE';

/** Without these a program does not run on Windows, or finds no place for its files. */
const WINDOWS_NEEDS = ['SystemRoot', 'windir', 'SystemDrive', 'ProgramFiles', 'ProgramData', 'USERPROFILE', 'LOCALAPPDATA'];

/** The way out of the network, and where the system's certificates lie. A proxy's address may hold its password. */
const NETWORK = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

/** Longest folder in which the plugin's socket (41 characters below ours) still has a name short enough for macOS (103). */
const MAX_TEMPORARY = 50;

/**
 * The arguments, in the order in which the AWS CLI gives them. No profile: the keys are in the environment, and a
 * profile that is named would go before them.
 */
export function pluginArguments(request: SsmSessionRequest, access: PluginGrant): string[] {
  const input = {
    Target: request.bastionId,
    DocumentName: sessionDocument(request),
    Parameters: sessionParameters(request),
  };
  return [RESPONSE, access.region, 'StartSession', '', JSON.stringify(input), access.endpoint];
}

export interface PluginSurroundings {
  readonly platform: NodeJS.Platform;
  /** Where what the plugin needs of the system is taken from. */
  readonly env: NodeJS.ProcessEnv;
  /** A private folder of its own: it makes a socket in it. */
  readonly directory: string;
}

/** What any call of the plugin gets: nothing of ours but what a program needs. */
export function bareEnvironment({ platform, env, directory }: PluginSurroundings): Record<string, string> {
  const inherited = platform === 'win32' ? [...WINDOWS_NEEDS, ...NETWORK] : [...NETWORK, ...NETWORK.map((name) => name.toLowerCase())];
  const own = inherited.flatMap((name) => {
    const value = variable(env, name, platform);
    return value === undefined ? [] : [[name, value] as const];
  });
  const temporary = platform === 'win32' ? ['TEMP', 'TMP'] : ['TMPDIR'];
  return { ...Object.fromEntries(own), ...Object.fromEntries(temporary.map((name) => [name, directory])) };
}

/** The same with the session, and the keys to resume it. */
export function sessionEnvironment(
  surroundings: PluginSurroundings,
  session: SsmSessionGrant,
  access: PluginGrant,
): Record<string, string> {
  const { directory, platform } = surroundings;
  const join = (name: string): string => (platform === 'win32' ? `${directory}\\${name}` : posix.join(directory, name));
  return {
    ...bareEnvironment(surroundings),
    [RESPONSE]: JSON.stringify({ SessionId: session.sessionId, TokenValue: session.tokenValue, StreamUrl: session.streamUrl }),
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    ...(access.sessionToken !== undefined && { AWS_SESSION_TOKEN: access.sessionToken }),
    AWS_REGION: access.region,
    ...(access.caBundle !== undefined && { AWS_CA_BUNDLE: access.caBundle }),
    // Files that do not exist: without them the AWS library would look below a home that it is not told of.
    AWS_CONFIG_FILE: join('config'),
    AWS_SHARED_CREDENTIALS_FILE: join('credentials'),
    // Read by plugins that can listen elsewhere than on localhost (listener of its port sessions).
    SSM_PLUGIN_LOCAL_HOST: '127.0.0.1',
  };
}

/** Where the plugin's private folder is made. */
export function temporaryParent(platform: NodeJS.Platform, temporary: string): string {
  return platform !== 'win32' && temporary.length > MAX_TEMPORARY ? '/tmp' : temporary;
}
