import type { FaultData } from '../base/fault';
import { BadEntry, Fields, isFields } from './connectionFields';
import type { BastionTag } from './ranking';
import { isRegionCode } from './region';
import type { EndpointRole, TargetKind } from './target';

/** Which target is meant; the facts are looked up when the connection is started. */
export type TargetSelector =
  /** An ARN, or a name that must be the only one of its kind there. */
  | { readonly by: 'id'; readonly id: string }
  | { readonly by: 'tag'; readonly tag: BastionTag; readonly kind?: TargetKind }
  /** Nothing that discovery knows: the bastion is asked to reach it, or this machine. */
  | { readonly by: 'host'; readonly host: string; readonly port: number; readonly engine: string };

export type BastionSelector =
  /** An id or a name. */
  | { readonly by: 'name'; readonly name: string }
  | { readonly by: 'tag'; readonly tag: BastionTag }
  /** A host of the person's OpenSSH configuration. */
  | { readonly by: 'ssh'; readonly alias: string };

/** `direct`: without a bastion. */
export type ConnectionMethod = 'ssm' | 'ssh' | 'ssh-over-ssm' | 'direct';

/** A saved, named recipe for a tunnel. What is absent is decided when it is started. */
export interface SavedConnection {
  /** Unique among all connections. */
  readonly name: string;
  readonly target: TargetSelector;
  /** Which of the target's endpoints; the one that takes writes unless told. */
  readonly endpoint?: EndpointRole;
  /** The selected profile and its region unless told. */
  readonly profile?: string;
  readonly region?: string;
  readonly bastion?: BastionSelector;
  readonly method?: ConnectionMethod;
  /** 1 to 65535. */
  readonly localPort?: number;
  /** Literal IP address. */
  readonly bindAddress?: string;
  readonly autoStart: boolean;
  readonly group?: string;
  /** Names of variables and templates with `{host}`, `{port}` and `{url}`. */
  readonly env: Readonly<Record<string, string>>;
}

/** Where a connection is written: what a workspace says, others may have written. */
export type ConnectionOrigin = 'user' | 'workspace';

export interface ConnectionEntry {
  readonly connection: SavedConnection;
  readonly origin: ConnectionOrigin;
}

/** The value of `sallyport.connections` in one place. */
export interface ConnectionSource {
  readonly origin: ConnectionOrigin;
  readonly value: unknown;
}

export interface ParsedConnections {
  readonly entries: readonly ConnectionEntry[];
  /** One per entry that cannot be used; each names its place. */
  readonly faults: readonly FaultData[];
}

/** More than a person could ever have written; the rest is one fault. */
export const MAX_CONNECTIONS = 500;

export const ENDPOINT_ROLES = ['primary', 'writer', 'reader', 'custom', 'configuration', 'node', 'instance', 'proxy'] as const satisfies readonly EndpointRole[];
export const CONNECTION_METHODS = ['ssm', 'ssh', 'ssh-over-ssm', 'direct'] as const satisfies readonly ConnectionMethod[];
export const TARGET_KINDS = [
  'elasticache.replicationGroup',
  'elasticache.serverless',
  'elasticache.cluster',
  'memorydb.cluster',
  'rds.instance',
  'rds.cluster',
  'rds.proxy',
  'docdb.cluster',
  'neptune.cluster',
] as const satisfies readonly TargetKind[];

/**
 * All connections, those of the first source first. A name belongs to the first source that uses it: a person's own
 * settings are to come first, so that no workspace can put something else under a name that they know.
 */
export function parseConnections(sources: readonly ConnectionSource[]): ParsedConnections {
  const entries = new Map<string, ConnectionEntry>();
  const faults: FaultData[] = [];
  for (const { origin, value } of sources) {
    if (value === undefined || value === null) continue;
    if (!Array.isArray(value)) {
      faults.push(badList(origin, 'is not a list'));
      continue;
    }
    const own = new Set<string>();
    for (const [index, one] of (value as readonly unknown[]).slice(0, MAX_CONNECTIONS).entries()) {
      try {
        const connection = parseConnection(one);
        if (own.has(connection.name)) throw new BadEntry('name', 'is used by an entry above already');
        own.add(connection.name);
        if (!entries.has(connection.name)) entries.set(connection.name, { connection, origin });
      } catch (error) {
        if (!(error instanceof BadEntry)) throw error;
        faults.push(badEntry(origin, index, one, error));
      }
    }
    if (value.length > MAX_CONNECTIONS) faults.push(badList(origin, `has more than ${MAX_CONNECTIONS} entries; the rest is not used`));
  }
  return { entries: [...entries.values()], faults };
}

/** One entry of the setting. @throws BadEntry that names the first key that is wrong */
export function parseConnection(value: unknown): SavedConnection {
  const fields = new Fields(value);
  const connection: SavedConnection = {
    name: fields.text('name', { max: 80 }),
    target: parseTarget(fields.required('target')),
    ...fields.optional('endpoint', () => fields.oneOf('endpoint', ENDPOINT_ROLES)),
    ...fields.optional('profile', () => fields.text('profile', { max: 128 })),
    ...fields.optional('region', () => fields.text('region', { fits: isRegionCode, else: 'is not the code of an AWS region, for example eu-central-1' })),
    ...fields.optional('bastion', () => parseBastion(fields)),
    ...fields.optional('method', () => fields.oneOf('method', CONNECTION_METHODS)),
    ...fields.optional('localPort', () => fields.port('localPort')),
    ...fields.optional('bindAddress', () => fields.address('bindAddress')),
    autoStart: fields.has('autoStart') ? fields.flag('autoStart') : false,
    ...fields.optional('group', () => fields.text('group', { max: 80 })),
    env: fields.has('env') ? parseEnv(fields.required('env')) : {},
  };
  fields.refuseOthers();
  return checked(connection);
}

/** What one key alone cannot tell. */
function checked(connection: SavedConnection): SavedConnection {
  const { target, bastion, method, endpoint } = connection;
  if (method === 'direct' && bastion) throw new BadEntry('bastion', 'does not fit the method "direct", which needs none');
  if (target.by === 'host' && !bastion && method !== 'direct') {
    throw new BadEntry('bastion', 'is missing: nothing else says what could reach a custom host, unless the method is "direct"');
  }
  if (target.by === 'host' && endpoint) throw new BadEntry('endpoint', 'is for discovered targets; a custom host has no others');
  if (bastion?.by === 'ssh' && method !== undefined && method !== 'ssh') throw new BadEntry('method', `cannot be "${method}" through a host of the OpenSSH configuration`);
  return connection;
}

function parseTarget(value: unknown): TargetSelector {
  const fields = new Fields(value, 'target');
  const selectors = ['id', 'tag', 'host'].filter((key) => fields.has(key));
  if (selectors.length !== 1) throw new BadEntry('target', 'needs exactly one of "id", "tag" and "host"');
  const target: TargetSelector = fields.has('id')
    ? { by: 'id', id: fields.text('id', { max: 500 }) }
    : fields.has('tag')
      ? { by: 'tag', tag: fields.tag('tag'), ...fields.optional('kind', () => fields.oneOf('kind', TARGET_KINDS)) }
      : {
          by: 'host',
          host: fields.host('host'),
          port: fields.port('port'),
          engine: fields.has('engine') ? fields.text('engine', { max: 60 }) : '',
        };
  fields.refuseOthers();
  return target;
}

function parseBastion(outer: Fields): BastionSelector {
  const value = outer.required('bastion');
  if (!isFields(value)) return { by: 'name', name: outer.text('bastion', { max: 200 }) };
  const fields = new Fields(value, 'bastion');
  const selectors = ['tag', 'ssh'].filter((key) => fields.has(key));
  if (selectors.length !== 1) throw new BadEntry('bastion', 'is an id or a name, or needs exactly one of "tag" and "ssh"');
  const bastion: BastionSelector = fields.has('tag') ? { by: 'tag', tag: fields.tag('tag') } : { by: 'ssh', alias: fields.host('ssh') };
  fields.refuseOthers();
  return bastion;
}

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;
const PLACEHOLDERS = new Set(['host', 'port', 'url']);

function parseEnv(value: unknown): Readonly<Record<string, string>> {
  const fields = new Fields(value, 'env');
  const env: [string, string][] = [];
  for (const name of fields.keys) {
    if (!VARIABLE.test(name)) throw new BadEntry(`env.${name}`, 'is no name of a variable');
    const template = fields.text(name, { max: 1000 });
    const [, unknown] = [...template.matchAll(/\{(\w+)\}/g)].find(([, hole]) => !PLACEHOLDERS.has(hole!)) ?? [];
    if (unknown !== undefined) throw new BadEntry(`env.${name}`, `has the unknown placeholder {${unknown}}; there are {host}, {port} and {url}`);
    env.push([name, template]);
  }
  return Object.fromEntries(env);
}

function badEntry(origin: ConnectionOrigin, index: number, value: unknown, { place, why }: BadEntry): FaultData {
  const name = isFields(value) && typeof value['name'] === 'string' ? ` ("${value['name'].slice(0, 80)}")` : '';
  const where = place === '' ? '' : `${place} `;
  return {
    code: 'connections.invalid',
    message: `Saved connection ${index + 1}${name} of ${settingsText(origin)} cannot be used: ${where}${why}.`,
    retryable: false,
    remedy: { text: 'Correct the entry in sallyport.connections.' },
  };
}

function badList(origin: ConnectionOrigin, why: string): FaultData {
  return {
    code: 'connections.invalid',
    message: `The setting sallyport.connections of ${settingsText(origin)} ${why}.`,
    retryable: false,
    remedy: { text: 'Correct the setting.' },
  };
}

function settingsText(origin: ConnectionOrigin): string {
  return origin === 'user' ? 'your settings' : 'the workspace';
}
