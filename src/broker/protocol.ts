// What windows and the broker say to each other. The framing, `hello` and its answers stay as they are for ever: with them
// a window of one version finds out that a broker of another one is there, and asks it to make room.
import type { FaultCode, FaultData, Remedy } from '../base/fault';
import type { LogFields, LogLevel } from '../base/log';
import type { ProxySetting } from '../base/proxy';
import type { BastionCondition } from '../model/bastionPower';
import type { IamCache } from '../model/cacheLogin';
import type { Endpoint } from '../model/endpoint';
import type { Health } from '../model/health';
import type { DiscoveryScope, InventoryPart, ProfileInfo } from '../model/inventory';
import type { LinkReading } from '../model/link';
import type { NetworkFacts } from '../model/network';
import type { BastionNotice, BrokerNotice, Notice } from '../model/notice';
import type { RolePolicies } from '../model/privilege';
import type { Answers, Question } from '../model/question';
import type { BastionRef, BastionRoute, DirectRoute, Route, TargetRef } from '../model/route';
import type { CredentialsChange, SignInWay } from '../model/signIn';
import type { SshAccess, SshHosts, SshSettings } from '../model/ssh';
import type { SsmSettings } from '../model/ssmSettings';
import { SSM_SETTING_RANGES } from '../model/ssmSettings';
import type { Place } from '../model/target';
import type { PastFault, ProbePoint, StartOptions, TunnelDetails, TunnelInfo, TunnelState, UpDown } from '../model/tunnel';
import { MAX_PROBE_POINTS } from '../model/tunnel';
import { MAX_LINGER_SECONDS } from './client';
import type { WindowSettings } from './client';
import { call, note } from './rpc';
import { absent, either, finite, integer, isObject, list, maybe, nothing, oneOf, orNothing, record, shape, text, yesNo } from './shapes';
import type { Check } from './shapes';

/** Raised by a change that the other side could not take. */
export const PROTOCOL = 1;

/** The first message of a window. */
export interface Hello {
  readonly protocol: number;
  /** Of the product, e.g. `0.2.0`. */
  readonly version: string;
  /** What the token file holds: a secret. */
  readonly token: string;
  /** Ends this broker, whatever it is doing, so that another one can take its place. */
  readonly replace?: boolean;
  /** Variables that decide what AWS access, proxies and programs are; see `relevantVariables`. */
  readonly env: Readonly<Record<string, string>>;
  readonly settings: WindowSettings;
  /** Absolute path of the program that OpenSSH asks for secrets through. */
  readonly companion: string;
}

export interface Welcome {
  readonly protocol: number;
  readonly version: string;
  readonly pid: number;
}

/** Why a broker ends while windows are connected. */
export type EndReason = 'replaced' | 'retired' | 'stopped';

export interface LogEntry {
  readonly level: LogLevel;
  readonly event: string;
  /** Without secrets already. */
  readonly fields: LogFields;
}

const remedy: Check<Remedy> = shape<Remedy>({ text, action: maybe(text as Check<NonNullable<Remedy['action']>>), subject: maybe(text) });
const faultCode: Check<FaultCode> = (value): value is FaultCode => typeof value === 'string' && /^[\w-]{1,60}\.[\w-]{1,60}$/.test(value);
export const faultShape: Check<FaultData> = shape<FaultData>({ code: faultCode, message: text, retryable: yesNo, remedy: maybe(remedy) });

const endpoint = shape<Endpoint>({ host: text, port: integer(0, 65_535) });
const place = shape<Place>({ profile: text, region: text, accountId: text });
const scope = shape<DiscoveryScope>({ profile: text, region: text });
const sshAccess = shape<SshAccess>({ host: text, user: maybe(text), port: maybe(integer(1, 65_535)), via: oneOf('direct', 'ssm'), instanceConnect: yesNo });
const targetRef = shape<TargetRef>({ id: text, name: text, engine: text, tls: text as Check<TargetRef['tls']>, auth: text as Check<TargetRef['auth']> });
const bastionRef = shape<BastionRef>({ id: text, name: text });
const routeEnd = { target: targetRef, endpoint, place };
export const routeShape: Check<Route> = either(
  shape<BastionRoute>({ ...routeEnd, bastion: bastionRef, method: oneOf('ssm', 'ssh'), ssh: maybe(sshAccess) }),
  shape<DirectRoute>({ ...routeEnd, method: oneOf('direct'), bastion: absent, ssh: absent }),
);

const state: Check<TunnelState> = (value): value is TunnelState => {
  if (!isObject(value)) return false;
  switch (value['phase']) {
    case 'connecting':
      return finite(value['attempt']);
    case 'open':
      return finite(value['streams']);
    case 'waiting':
      return finite(value['attempt']) && (finite(value['retryAt']) || value['needs'] === 'signIn') && faultShape(value['cause']);
    case 'closed':
      return value['cause'] === undefined || faultShape(value['cause']);
    default:
      return false;
  }
};
const health = shape<Health>({
  level: oneOf('ok', 'degraded', 'down', 'unknown'),
  latencyMs: maybe(finite),
  checkedAt: finite,
  detail: maybe(text),
});
const upDown = shape<UpDown>({ up: finite, down: finite });
const reading = shape<LinkReading>({ sessions: list(shape<LinkReading['sessions'][number]>({ sessionId: text, streams: finite })), agentLimited: yesNo });
export const tunnelShape = shape<TunnelInfo>({
  id: text,
  route: routeShape,
  local: endpoint,
  state,
  health,
  since: finite,
  bytes: upDown,
  rate: upDown,
  link: maybe(reading),
  reconnects: finite,
  exposedOn: maybe(text),
  lastFault: maybe(shape<PastFault>({ fault: faultShape, at: finite })),
  trial: maybe(yesNo),
});
const probePoint = shape<ProbePoint>({ at: finite, latencyMs: maybe(finite), failed: yesNo, up: finite, down: finite });
const detailsShape = shape<TunnelDetails>({
  info: tunnelShape,
  latency: maybe(shape<NonNullable<TunnelDetails['latency']>>({ lowestMs: finite, medianMs: finite, highestMs: finite })),
  history: list(probePoint, MAX_PROBE_POINTS),
});
const startOptions = shape<StartOptions>({
  localPort: maybe(integer(0, 65_535)),
  alternates: maybe(list(routeShape, 100)),
  holdMs: maybe(integer(0, 3_600_000)),
  probeEveryMs: maybe(integer(5_000, 3_600_000)),
  keep: maybe(yesNo),
  keepPort: maybe(yesNo),
  bindAddress: maybe(text),
  trial: maybe(yesNo),
});
const condition = shape<BastionCondition>({ instance: text as Check<BastionCondition['instance']>, agent: text as Check<BastionCondition['agent']> });
const iamCache = shape<IamCache>({ service: oneOf('elasticache', 'memorydb'), name: text, serverless: yesNo, region: text });
const instanceOf = shape<{ readonly where: DiscoveryScope; readonly instanceId: string }>({ where: scope, instanceId: text });

/** Rows of an inventory are shown, and used as routes only, which are looked at again. */
const row = shape<{ readonly id: string; readonly name: string }>({ id: text, name: text });
const partShape: Check<InventoryPart> = (value): value is InventoryPart => {
  if (!isObject(value)) return false;
  switch (value['kind']) {
    case 'account':
      return text(value['accountId']);
    case 'bastions':
      return text(value['provider']) && list(row)(value['bastions']);
    case 'targets':
      return text(value['provider']) && list(row)(value['targets']);
    case 'fault':
      return text(value['provider']) && faultShape(value['fault']);
    default:
      // Of a kind that came later: whoever shows it decides.
      return typeof value['kind'] === 'string';
  }
};
const profile = shape<ProfileInfo>({ name: text, region: maybe(text) });
const network: Check<NetworkFacts> = shape<NetworkFacts>({
  peerings: maybe(list((value): value is readonly [string, string] => Array.isArray(value) && value.length === 2 && value.every(text))),
  groups: maybe(list(isObject as unknown as Check<NonNullable<NetworkFacts['groups']>[number]>)),
});
const rolePolicies = shape<RolePolicies>({ attached: maybe(list(text)), inline: maybe(list(text)) });
const sshHosts = shape<SshHosts>({
  hosts: list(shape<SshHosts['hosts'][number]>({ alias: text, hostName: text, user: text, port: integer(1, 65_535), file: text, line: finite })),
  faults: list(faultShape),
});

const ssmShape = shape<SsmSettings>({
  client: oneOf('native', 'plugin'),
  pluginPath: text,
  document: text,
  payloadBytes: integer(...SSM_SETTING_RANGES.payloadBytes),
  paceBytesPerSecond: integer(...SSM_SETTING_RANGES.paceBytesPerSecond),
  maxSessions: integer(...SSM_SETTING_RANGES.maxSessions),
  keepAlive: yesNo,
  maxSessionMs: integer(...SSM_SETTING_RANGES.maxSessionMs),
});
const sshShape = shape<SshSettings>({ client: oneOf('builtin', 'system'), configFile: text, programPath: text });
const proxyShape = shape<ProxySetting>({ url: maybe(text), noProxy: maybe(list(text)) });
export const settingsShape = shape<WindowSettings>({
  ssm: ssmShape,
  ssh: sshShape,
  proxy: proxyShape,
  workspaceFolders: list(text, 1000),
  caFile: text,
  // Whoever uses it looks at each entry.
  customTargets: (value): value is unknown => value === null || value !== undefined,
  lingerSeconds: integer(0, MAX_LINGER_SECONDS),
});

const helloShape = shape<Hello>({
  protocol: finite,
  version: text,
  token: text,
  replace: maybe(yesNo),
  env: record(text, 1000),
  settings: settingsShape,
  companion: text,
});
const welcomeShape = shape<Welcome>({ protocol: finite, version: text, pid: finite });

const noticeShape: Check<Notice> = either(
  shape<BastionNotice>({ kind: oneOf('sessionMessage', 'touchKey'), text, bastion: bastionRef }),
  shape<BrokerNotice>({ kind: oneOf('brokerLost', 'brokerInWindow'), text, tunnels: finite }),
);
const credentialsShape: Check<CredentialsChange> = (value): value is CredentialsChange =>
  isObject(value) && (value['kind'] === 'configuration' || (value['kind'] === 'signedIn' && list(text)(value['profiles'])));

type QuestionOf<K extends Question['kind']> = Omit<Extract<Question, { readonly kind: K }>, 'kind'>;
const QUESTIONS: { readonly [K in Question['kind']]: Check<QuestionOf<K>> } = {
  hostKey: shape<QuestionOf<'hostKey'>>({ host: text, algorithm: text, fingerprint: text, console: maybe(oneOf('matches', 'differs')) }),
  passphrase: shape<QuestionOf<'passphrase'>>({ keyFile: text, again: yesNo }),
  password: shape<QuestionOf<'password'>>({ user: text, host: text, again: yesNo }),
  prompts: shape<QuestionOf<'prompts'>>({
    user: text,
    host: text,
    name: text,
    instruction: text,
    prompts: list(shape<{ readonly text: string; readonly echo: boolean }>({ text, echo: yesNo }), 100),
  }),
  workspaceFile: shape<QuestionOf<'workspaceFile'>>({ host: text, file: text, what: text }),
  mfaCode: shape<QuestionOf<'mfaCode'>>({ profile: text, serial: text, again: yesNo }),
  deviceSignIn: shape<QuestionOf<'deviceSignIn'>>({ session: text, url: text, code: maybe(text) }),
};
const questionShape: Check<Question> = (value): value is Question => {
  if (!isObject(value)) return false;
  const { kind } = value;
  return typeof kind === 'string' && Object.hasOwn(QUESTIONS, kind) && QUESTIONS[kind as Question['kind']](value);
};
/** By kind of question. */
export const ANSWERS: { readonly [K in keyof Answers]: Check<Answers[K]> } = {
  hostKey: yesNo,
  passphrase: text,
  password: text,
  prompts: list(text, 100),
  workspaceFile: yesNo,
  mfaCode: text,
  deviceSignIn: yesNo,
};
const answerShape: Check<Answers[Question['kind']]> = either(either(text, yesNo), list(text, 100));

const logShape = shape<LogEntry>({ level: oneOf('debug', 'info', 'warn', 'error'), event: text, fields: isObject });

/** From a window to the broker. */
export const HELLO = call('hello', helloShape, welcomeShape);
export const START = call('tunnels/start', shape<{ readonly route: Route; readonly options: StartOptions }>({ route: routeShape, options: startOptions }), tunnelShape);
export const STOP = call('tunnels/stop', shape<{ readonly id: string }>({ id: text }), nothing);
export const LIST = call('tunnels/list', nothing, list(tunnelShape));
export const DETAILS = call('tunnels/details', shape<{ readonly id: string }>({ id: text }), orNothing(detailsShape));
export const RETRY = call('tunnels/retry', shape<{ readonly id: string }>({ id: text }), nothing);
export const CONDITION = call('power/condition', instanceOf, condition);
export const START_BASTION = call('power/start', instanceOf, nothing);
/** Both answers are secrets. */
export const CACHE_TOKEN = call('cacheLogins/token', shape<{ readonly place: Place; readonly cache: IamCache; readonly user: string }>({ place, cache: iamCache, user: text }), text);
export const CACHE_SECRET = call('cacheLogins/secret', shape<{ readonly place: Place; readonly id: string }>({ place, id: text }), text);
export const PROFILES = call('inventory/profiles', nothing, list(profile));
export const SSH_HOSTS = call('inventory/sshHosts', nothing, sshHosts);
export const NETWORK = call('inventory/network', shape<{ readonly scope: DiscoveryScope; readonly groupIds: readonly string[] }>({ scope, groupIds: list(text, 1000) }), network);
export const PRIVILEGES = call('inventory/privileges', shape<{ readonly scope: DiscoveryScope; readonly identityArns: readonly string[] }>({ scope, identityArns: list(text, 1000) }), record(rolePolicies));
export const VPC_NAMES = call('inventory/vpcNames', shape<{ readonly scope: DiscoveryScope; readonly vpcIds: readonly string[] }>({ scope, vpcIds: list(text, 10_000) }), record(text));
/** Begins a discovery, whose parts are then fetched one at a time: a window that is slow holds up nobody but itself. */
export const DISCOVER = call(
  'inventory/discover',
  shape<{ readonly scope: DiscoveryScope; readonly only?: readonly string[] }>({ scope, only: maybe(list(text, 100)) }),
  shape<{ readonly stream: number }>({ stream: finite }),
);
export const NEXT_PART = call('inventory/next', shape<{ readonly stream: number }>({ stream: finite }), orNothing(partShape));
export const LEAVE = note('inventory/leave', shape<{ readonly stream: number }>({ stream: finite }));
export const SIGN_IN = call('signIn/signIn', shape<{ readonly profile: string; readonly way: SignInWay }>({ profile: text, way: oneOf('browser', 'device') }), nothing);
export const EXPIRY = call('signIn/expiry', shape<{ readonly profile: string }>({ profile: text }), orNothing(finite));
export const SETTINGS = note('window/settings', settingsShape);
/** The person has turned to this window. */
export const ACTIVE = note('window/active', nothing);

/** From the broker to its windows. */
export const ASK = call('ask', shape<{ readonly question: Question }>({ question: questionShape }), orNothing(answerShape));
export const CHANGED = note('tunnels/changed', tunnelShape);
export const NOTICE = note('notice', noticeShape);
export const CREDENTIALS = note('credentials/changed', credentialsShape);
export const LOG = note('log', list(logShape, 2000));
export const ENDING = note('ending', shape<{ readonly reason: EndReason; readonly successor?: string }>({ reason: oneOf('replaced', 'retired', 'stopped'), successor: maybe(text) }));

const RELEVANT = /^(?:AWS_.*|(?:HTTPS?|ALL|NO)_PROXY|SSH_AUTH_SOCK|PATH|HOME|USERPROFILE|KRB5CCNAME|KRB5_CONFIG|DISPLAY|WAYLAND_DISPLAY)$/i;
const MAX_VARIABLE = 32_768;

/** The variables in which windows may differ in a way that matters; all others are those of the window that started the broker. */
export function relevantVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1].length <= MAX_VARIABLE && RELEVANT.test(entry[0]));
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The broker's own variables with those of a window in place of its own. */
export function withVariables(own: NodeJS.ProcessEnv, window: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const rest = Object.entries(own).filter(([name]) => !RELEVANT.test(name));
  const given = Object.entries(window).filter(([name]) => RELEVANT.test(name));
  return Object.fromEntries([...rest, ...given]);
}
