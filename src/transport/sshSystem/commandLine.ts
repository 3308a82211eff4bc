import { compareVersions } from '../../model/bastion';
import type { Endpoint } from '../../model/endpoint';
import type { SshAccess } from '../../model/ssh';
import { requireSafeHost, requireSafeUser } from '../../ssh/names';
import { badConfiguration, notAHost } from './faults';

/** Used where the configuration says nothing: seconds, seconds and times. */
const CONNECT_TIMEOUT_S = 15;
const ALIVE_INTERVAL_S = 15;
const ALIVE_COUNT = 3;

export interface Destination {
  readonly access: Pick<SshAccess, 'host' | 'user' | 'port'>;
  /** Replaces the person's and the system's configuration; empty: those. */
  readonly configFile: string;
}

/** What `ssh -G` says of a host, as far as it matters here. */
export interface Effective {
  readonly hostName: string;
  readonly user: string;
  readonly port: number;
  /** The configuration bounds the time of a connection attempt by itself. */
  readonly ownTimeout: boolean;
  readonly ownKeepalive: boolean;
  /** Nothing may be asked. */
  readonly batchMode: boolean;
  /** Stands for host and port in known_hosts. */
  readonly hostKeyAlias?: string;
  /** The configuration opens forwards of its own. */
  readonly ownForwards: boolean;
}

/**
 * How streams get into the program. `control`: it listens on a control socket, over which forwards to Unix sockets are
 * asked for. `port`: one forward from a port of 127.0.0.1, since Windows has neither.
 */
export type Entrance =
  | { readonly kind: 'control'; readonly path: string }
  | { readonly kind: 'port'; readonly port: number; readonly to: Endpoint };

/** How the server is come to and logged in to where AWS helps. */
export interface Approach {
  /** A port of 127.0.0.1 behind which the server is, whatever way the configuration knows. */
  readonly gatewayPort?: number;
  /** Absolute path of a private key that was made for this login. */
  readonly keyFile?: string;
}

export interface Abilities {
  /** Of the program: an option that it does not know would end it. */
  readonly version: string;
  /** It may ask for secrets and host keys: there is someone to ask. */
  readonly prompts: boolean;
}

/** Arguments that make `ssh` print what the configuration comes to. @throws Fault `ssh.host.invalid` */
export function queryArguments(destination: Destination): string[] {
  return ['-G', ...where(destination)];
}

/** @param output of `ssh -G`: a keyword in lower case and its value per line */
export function readEffective(output: string): Effective {
  const values = new Map<string, string>();
  for (const line of output.split('\n')) {
    const [, keyword, value] = /^(\S+) (.*?)\r?$/.exec(line) ?? [];
    if (keyword && !values.has(keyword)) values.set(keyword, value!);
  }
  const timeout = values.get('connecttimeout') ?? 'none';
  const alias = values.get('hostkeyalias');
  return {
    hostName: values.get('hostname') ?? '',
    user: values.get('user') ?? '',
    port: Number(values.get('port') ?? 22),
    ownTimeout: timeout !== 'none' && timeout !== '0',
    ownKeepalive: Number(values.get('serveraliveinterval') ?? 0) > 0,
    batchMode: values.get('batchmode') === 'yes',
    ...(alias !== undefined && alias !== 'none' && { hostKeyAlias: alias }),
    ownForwards: ['localforward', 'remoteforward', 'dynamicforward'].some((keyword) => values.has(keyword)),
  };
}

/**
 * The arguments of the connection. Options on the command line win over every file.
 * @throws Fault `ssh.host.invalid`, `ssh.badConfiguration`
 */
export function connectArguments(
  destination: Destination,
  entrance: Entrance,
  effective: Effective,
  { version, prompts }: Abilities,
  { gatewayPort, keyFile }: Approach = {},
): string[] {
  const control = entrance.kind === 'control';
  const options: readonly (readonly [string, string])[] = [
    ...(gatewayPort === undefined ? [] : throughGateway(effective)),
    // What an agent offers besides could be more than the server hears out.
    ...(keyFile === undefined ? [] : ([['IdentityFile', quotedPath(keyFile)], ['IdentitiesOnly', 'yes']] as const)),
    // A master of our own, in our own folder: never the person's, whose end would be ours and ours theirs.
    ['ControlMaster', control ? 'yes' : 'no'],
    ['ControlPath', control ? quotedPath(entrance.path) : 'none'],
    ['ControlPersist', 'no'],
    // Forwards of the configuration belong to the person's own sessions. This clears those of the command line too, and
    // leaves those that are asked for over the control socket.
    ['ClearAllForwardings', control ? 'yes' : 'no'],
    ['ExitOnForwardFailure', 'yes'],
    ['StreamLocalBindMask', '0177'],
    ['StreamLocalBindUnlink', 'yes'],
    ['GatewayPorts', 'no'],
    ['Tunnel', 'no'],
    ['ForwardAgent', 'no'],
    ['ForwardX11', 'no'],
    ['PermitLocalCommand', 'no'],
    ['RemoteCommand', 'none'],
    ['BatchMode', prompts && !effective.batchMode ? 'no' : 'yes'],
    ['VisualHostKey', 'no'],
    // One level says why a channel was not opened, the other that the forward listens.
    ['LogLevel', control ? 'VERBOSE' : 'DEBUG1'],
    ...(effective.ownTimeout ? [] : ([['ConnectTimeout', String(CONNECT_TIMEOUT_S)]] as const)),
    ...(effective.ownKeepalive
      ? []
      : ([
          ['ServerAliveInterval', String(ALIVE_INTERVAL_S)],
          ['ServerAliveCountMax', String(ALIVE_COUNT)],
        ] as const)),
    ...(compareVersions(version, '8.7') >= 0 ? ([['ForkAfterAuthentication', 'no']] as const) : []),
  ];
  const forward = control ? [] : ['-L', `127.0.0.1:${entrance.port}:${bracketed(entrance.to.host)}:${entrance.to.port}`];
  return ['-N', '-T', ...options.flatMap(([name, value]) => ['-o', `${name}=${value}`]), ...forward, ...where(destination, gatewayPort)];
}

/** Options with which a port of this machine stands for the server, under the server's name. */
function throughGateway({ hostName, port, hostKeyAlias }: Effective): (readonly [string, string])[] {
  requireSafeHost(hostName, 'host name of the SSH configuration');
  return [
    ['HostName', '127.0.0.1'],
    // As it stands in known_hosts for every other client: an alias is taken as it is.
    ['HostKeyAlias', hostKeyAlias ?? (port === 22 ? hostName : `[${hostName}]:${port}`)],
    // People mean their own connections to this machine, and not a server elsewhere.
    ['NoHostAuthenticationForLocalhost', 'no'],
    ['CheckHostIP', 'no'],
    ['CanonicalizeHostname', 'no'],
    ['ProxyCommand', 'none'],
    ['ProxyJump', 'none'],
    ['AddressFamily', 'inet'],
    ['BindAddress', '127.0.0.1'],
  ];
}

function where({ access: { host, user, port: wanted }, configFile }: Destination, gatewayPort?: number): string[] {
  const port = gatewayPort ?? wanted;
  requireSafeHost(host, 'SSH host');
  // To the program a user may hide in it, and an address with everything.
  if (/@|^ssh:\/\//.test(host)) throw notAHost(host);
  if (user !== undefined) requireSafeUser(user);
  return [
    ...(configFile === '' ? [] : ['-F', configFile]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    '--',
    host,
  ];
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** As an argument of an option: one word, in which nothing is expanded. @throws Fault `ssh.badConfiguration` */
function quotedPath(path: string): string {
  if (/["\n]|\$\{/.test(path)) throw badConfiguration(`the folder for temporary files has an unusable name, ${JSON.stringify(path)}`);
  return `"${path.replaceAll('%', '%%')}"`;
}
