import { Fault } from '../base/fault';
import { isEndpoint } from './endpoint';
import { familyOf } from './target';
import type { Place, Target, TlsMode } from './target';

/** The setting that holds them. A machine's own: a workspace names no hosts. */
export const CUSTOM_TARGETS_SETTING = 'sallyport.targets';

/** One usable entry of the setting: a host and a port that no API tells. */
export interface CustomTarget {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** As AWS spells it; decides the probe, the icon and the group. */
  readonly engine?: string;
  readonly tls?: TlsMode;
  /** The only profile that it is shown under; absent: every one. */
  readonly profile?: string;
  /** The only region; absent: every one. */
  readonly region?: string;
  /** Ranks the bastions. */
  readonly vpcId?: string;
}

export interface CustomTargets {
  readonly targets: readonly CustomTarget[];
  /** Names every entry that is not usable, and why; code `settings.targets`. */
  readonly fault?: Fault;
}

/** Nobody writes as many by hand. */
const MOST = 500;
const MOST_NAMED = 3;
const LONGEST_NAME = 255;
const TLS_MODES: ReadonlySet<unknown> = new Set(['required', 'preferred', 'off']);
const ENGINE = /^[a-z0-9][a-z0-9_.-]{0,63}$/i;
const REGION = /^[a-z0-9-]{1,64}$/;
const VPC_ID = /^vpc-[0-9a-f]{8,17}$/;

/** The entries of the setting as it stands in settings.json: what is usable, and one fault for what is not. */
export function parseCustomTargets(setting: unknown): CustomTargets {
  if (setting === undefined || setting === null) return { targets: [] };
  if (!Array.isArray(setting)) return { targets: [], fault: unusable(['it is no list']) };
  const entries: readonly unknown[] = setting;
  const targets: CustomTarget[] = [];
  const troubles: string[] = [];
  const taken = new Set<string>();
  for (const [index, entry] of entries.slice(0, MOST).entries()) {
    const trouble = troubleOf(entry) ?? (taken.has(keyOf(entry as CustomTarget)) ? 'another entry has this name' : undefined);
    if (trouble !== undefined) {
      troubles.push(`${describe(entry, index)}: ${trouble}`);
      continue;
    }
    targets.push(entry as CustomTarget);
    taken.add(keyOf(entry as CustomTarget));
  }
  if (entries.length > MOST) troubles.push(`entries after the first ${MOST}: there are too many`);
  return { targets, ...(troubles.length > 0 && { fault: unusable(troubles) }) };
}

/** Equal for entries that could not be told apart in one place. */
function keyOf({ name, profile, region }: CustomTarget): string {
  return JSON.stringify([name, profile, region]);
}

/** What is wrong with an entry; undefined when it is usable. */
function troubleOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return 'it is no object';
  const { name, host, port, engine, tls, profile, region, vpcId } = entry as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || name.trim() === '' || name.length > LONGEST_NAME) return `its name is no text of 1 to ${LONGEST_NAME} characters`;
  if (typeof host !== 'string' || !isEndpoint({ host, port: 1 })) return 'its host is no host name or address';
  if (typeof port !== 'number' || !isEndpoint({ host, port })) return 'its port is no whole number from 1 to 65535';
  if (engine !== undefined && !matches(engine, ENGINE)) return 'its engine is no name of an engine';
  if (tls !== undefined && !TLS_MODES.has(tls)) return 'its tls is none of required, preferred and off';
  if (profile !== undefined && (typeof profile !== 'string' || profile === '')) return 'its profile is no text';
  if (region !== undefined && !matches(region, REGION)) return 'its region is no region';
  if (vpcId !== undefined && !matches(vpcId, VPC_ID)) return 'its vpcId is no id of a VPC';
  return undefined;
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

/** By its name where it has one: people count from one. */
function describe(entry: unknown, index: number): string {
  const name = (entry as { readonly name?: unknown } | null)?.name;
  return typeof name === 'string' && name !== '' ? `"${name.slice(0, 60)}" (entry ${index + 1})` : `entry ${index + 1}`;
}

function unusable(troubles: readonly string[]): Fault {
  const named = troubles.slice(0, MOST_NAMED).join('; ');
  const more = troubles.length > MOST_NAMED ? `; and ${troubles.length - MOST_NAMED} more` : '';
  return new Fault('settings.targets', `Not usable in ${CUSTOM_TARGETS_SETTING}: ${named}${more}.`, {
    remedy: { text: `Correct ${CUSTOM_TARGETS_SETTING} in your settings; the list is then read again.` },
  });
}

/** Those that belong to a profile's region, as targets of it. */
export function customTargetsOf(targets: readonly CustomTarget[], place: Place): Target[] {
  return targets
    .filter(({ profile = place.profile, region = place.region }) => profile === place.profile && region === place.region)
    .map((custom) => customTarget(custom, place));
}

function customTarget({ name, host, port, engine = 'unknown', tls, vpcId }: CustomTarget, place: Place): Target {
  const isCache = familyOf({ kind: 'custom', engine }) === 'caches';
  return {
    // With its address: what is remembered of one server is not for another of the same name.
    id: `custom:${name}@${host}:${port}`,
    kind: 'custom',
    name,
    place,
    engine,
    // Nobody tells; the probe will.
    status: 'available',
    endpoints: [{ role: 'endpoint', host, port }],
    clusterMode: false,
    // A cache has TLS from the first byte or not at all; others negotiate, or are asked both ways.
    tls: tls ?? (isCache ? 'off' : 'preferred'),
    auth: isCache ? 'none' : 'password',
    ...(vpcId !== undefined && { vpcId }),
    subnetIds: [],
    securityGroupIds: [],
  };
}
