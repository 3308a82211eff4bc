import { StringDecoder } from 'node:string_decoder';
import type { Bastion } from '../model/bastion';
import type { DiscoveryScope } from '../model/inventory';
import type { Target } from '../model/target';
import type { KeptInventory, KeptProvider } from './inventoryState';

// One JSON value per line: a head, resources in groups, and an end, so that a cut file is known as one and that
// neither reading nor writing a large one takes the event loop for longer than a line.

const FORMAT = 1;
/** Resources in one line. */
const GROUP = 40;
/** A line of so many resources with all their tags and endpoints is far below this, bytes. */
const MAX_LINE = 4 * 1024 * 1024;

/** What a file must be of to be used. */
export interface KeptKey {
  readonly scope: DiscoveryScope;
  readonly settings: string | undefined;
  readonly version: string;
}

/** Without their ends. */
export function* keptLines({ scope, settings, version }: KeptKey, { accountId, accountAlias, at, providers }: KeptInventory): Generator<string> {
  let lines = 0;
  const line = (value: object): string => {
    lines++;
    return JSON.stringify(value);
  };
  yield line({ format: FORMAT, version, ...scope, settings, accountId, accountAlias, at });
  for (const { id, bastions, targets } of providers) {
    // An empty group too: it says that there was nothing.
    for (let from = 0; from === 0 || from < bastions.length; from += GROUP) {
      yield line({ provider: id, bastions: bastions.slice(from, from + GROUP) });
    }
    for (let from = 0; from < targets.length; from += GROUP) yield line({ provider: id, targets: targets.slice(from, from + GROUP) });
  }
  yield line({ end: lines });
}

type Fields = Readonly<Record<string, unknown>>;

/** Takes a file in pieces. A file that is damaged, or that somebody else made, is an error; one of another key is `foreign`. */
export class KeptReader {
  readonly #key: KeptKey;
  readonly #decoder = new StringDecoder('utf8');
  readonly #providers = new Map<string, { bastions: Bastion[]; targets: Target[] }>();
  #rest = '';
  #lines = 0;
  #head: Omit<KeptInventory, 'providers'> | undefined;
  #ended = false;
  #foreign = false;

  constructor(key: KeptKey) {
    this.#key = key;
  }

  get foreign(): boolean {
    return this.#foreign;
  }

  /** Yields after each line. @throws Error */
  *take(bytes: Uint8Array): Generator<void> {
    const text = this.#rest + this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    let from = 0;
    for (let to = text.indexOf('\n'); to >= 0 && !this.#foreign; to = text.indexOf('\n', from)) {
      this.#line(JSON.parse(text.slice(from, to)));
      from = to + 1;
      yield;
    }
    this.#rest = text.slice(from);
    if (this.#rest.length > MAX_LINE) throw new Error('a line is too long');
  }

  /** @throws Error */
  end(): KeptInventory {
    if (!this.#head || !this.#ended || this.#rest !== '') throw new Error('it is not whole');
    const providers = [...this.#providers].map(([id, { bastions, targets }]): KeptProvider => ({ id, bastions, targets }));
    return { ...this.#head, providers };
  }

  #line(value: unknown): void {
    if (!isFields(value) || this.#ended) throw new Error('it is of another form');
    if (!this.#head) this.#first(value);
    else if ('end' in value) this.#last(value);
    else this.#items(value);
    this.#lines++;
  }

  #first({ format, version, profile, region, settings, accountId, accountAlias, at }: Fields): void {
    const { scope, settings: wanted, version: ours } = this.#key;
    this.#foreign = format !== FORMAT || version !== ours || profile !== scope.profile || region !== scope.region || settings !== wanted;
    if (this.#foreign) return;
    if (typeof accountId !== 'string' || typeof at !== 'number' || !Number.isFinite(at)) throw new Error('its head is of another form');
    this.#head = { accountId, at, ...(typeof accountAlias === 'string' && { accountAlias }) };
  }

  #last({ end }: Fields): void {
    if (end !== this.#lines) throw new Error('it is not whole');
    this.#ended = true;
  }

  #items({ provider, bastions = [], targets = [] }: Fields): void {
    if (typeof provider !== 'string' || !Array.isArray(bastions) || !Array.isArray(targets)) throw new Error('a line is of another form');
    const known = this.#providers.get(provider) ?? { bastions: [], targets: [] };
    this.#providers.set(provider, known);
    for (const bastion of bastions) known.bastions.push(this.#checked(bastion, isBastion));
    for (const target of targets) known.targets.push(this.#checked(target, isTarget));
  }

  #checked<T extends Bastion | Target>(value: unknown, isOne: (value: unknown) => value is T): T {
    const { profile, region } = this.#key.scope;
    if (!isOne(value)) throw new Error('a resource is of another form');
    const { place } = value;
    if (place.profile !== profile || place.region !== region || place.accountId !== this.#head?.accountId) {
      throw new Error('a resource is of another place');
    }
    return value;
  }
}

// Only what would make us fail: the file is in a folder that is the person's alone, and has the number of our version.

function isTarget(value: unknown): value is Target {
  if (!isFields(value)) return false;
  const { kind, engine, status, endpoints, subnetIds, tags, tls, auth } = value;
  return (
    isResource(value) &&
    [kind, engine, status, tls, auth].every(isText) &&
    isTexts(subnetIds) &&
    Array.isArray(endpoints) &&
    endpoints.every((one) => isFields(one) && isText(one['role']) && isText(one['host']) && typeof one['port'] === 'number') &&
    (tags === undefined || (Array.isArray(tags) && tags.every((tag) => isFields(tag) && isText(tag['key']) && isText(tag['value']))))
  );
}

function isBastion(value: unknown): value is Bastion {
  if (!isFields(value)) return false;
  const { kind, state, managed, privateAddresses, tags, ecs } = value;
  return (
    isResource(value) &&
    [kind, state, managed].every(isText) &&
    (privateAddresses === undefined || isTexts(privateAddresses)) &&
    (tags === undefined || (isFields(tags) && Object.values(tags).every(isText))) &&
    (kind !== 'ecs' || (isFields(ecs) && ['cluster', 'group', 'taskId', 'container'].every((name) => isText(ecs[name]))))
  );
}

function isResource({ id, name, place, securityGroupIds }: Fields): boolean {
  return isText(id) && isText(name) && isFields(place) && isTexts(securityGroupIds);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}
