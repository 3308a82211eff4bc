import { addressBytes, samePrefix } from './address';
import { Fault } from './fault';

/** Where a connection is to lead; `secure`: with TLS on it (https:, wss:). */
export interface Destination {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/** What a person has set in the editor; whatever is empty there is taken from the environment. */
export interface ProxySetting {
  /** As in `http.proxy`. May hold a login: a secret. */
  readonly url?: string;
  /** As in `http.noProxy`; entries as in NO_PROXY. */
  readonly noProxy?: readonly string[];
}

export interface Proxy {
  readonly host: string;
  readonly port: number;
  /** TLS to the proxy itself. */
  readonly secure: boolean;
  /** `user:password`, decoded. A secret. */
  readonly login: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a connection; undefined: connect directly. What is read: HTTPS_PROXY for TLS and HTTP_PROXY for the rest,
 * else ALL_PROXY, and NO_PROXY; as in curl, the lower-case name wins, even when its value is empty.
 * This machine (as in Go and VS Code) and the metadata services of AWS are never reached through a proxy.
 * @throws Fault `proxy.badUrl`, `proxy.unsupported`
 */
export function proxyFor(to: Destination, env: Environment, setting: ProxySetting = {}): Proxy | undefined {
  const text = setting.url?.trim() || (variable(env, to.secure ? 'https_proxy' : 'http_proxy') ?? variable(env, 'all_proxy'))?.trim();
  if (!text || isNeverProxied(to.host)) return undefined;
  const entries = setting.noProxy?.length ? setting.noProxy : [variable(env, 'no_proxy') ?? ''];
  if (isExcepted(to, entries)) return undefined;
  return parseProxy(text);
}

function variable(env: Environment, name: string): string | undefined {
  return env[name] ?? env[name.toUpperCase()];
}

const METADATA: ReadonlySet<string> = new Set(
  // Instance, ECS task and EKS pod credentials (AWS SDKs and Tools reference guide).
  ['169.254.169.254', 'fd00:ec2::254', '169.254.170.2', '169.254.170.23', 'fd00:ec2::23'].map((text) => String(addressBytes(text))),
);

function isNeverProxied(host: string): boolean {
  const bytes = addressBytes(host);
  if (!bytes) return /(?:^|\.)localhost\.?$/i.test(host);
  const loopback = bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
  return loopback || METADATA.has(String(bytes));
}

/**
 * Whether an entry of NO_PROXY covers the destination, by the rules of Go's httpproxy: `*`; a name, which covers its
 * sub-names too; `.name` and `*.name`, which cover them alone; an IP address; a CIDR block; each but the block
 * optionally with `:port`. Names are not resolved.
 */
export function isExcepted({ host, port }: Pick<Destination, 'host' | 'port'>, entries: readonly string[]): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  const address = addressBytes(name);
  return entries.flatMap((entry) => entry.toLowerCase().split(/[\s,]+/)).some((entry) => {
    if (entry === '' || entry === '*') return entry === '*';
    const block = /^(.+)\/(\d{1,3})$/.exec(entry);
    if (block) return address !== undefined && isInBlock(address, block[1]!, Number(block[2]));
    const { name: covered, port: only } = splitPort(entry);
    if (only !== undefined && only !== port) return false;
    const literal = addressBytes(covered);
    if (literal) return address !== undefined && samePrefix(address, literal, literal.length * 8);
    const suffix = covered.replace(/^\*?\./, '').replace(/\.$/, '');
    if (suffix === '' || address) return false;
    return name.endsWith(`.${suffix}`) || (name === suffix && suffix === covered.replace(/\.$/, ''));
  });
}

function isInBlock(address: readonly number[], base: string, bits: number): boolean {
  const network = addressBytes(base);
  return network !== undefined && bits <= network.length * 8 && samePrefix(address, network, bits);
}

/** A bare IPv6 address holds colons, too, but no port. */
function splitPort(entry: string): { readonly name: string; readonly port?: number } {
  const [, name, port] = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(entry) ?? [];
  return name === undefined ? { name: entry } : { name, port: Number(port) };
}

function parseProxy(text: string): Proxy {
  // Without a scheme it is http, as in curl and Go.
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(full)) throw badProxyUrl();
  const url = new URL(full);
  const secure = url.protocol === 'https:';
  // A bare / ? or # in the password: what stands for the host is a part of the login.
  if (`${url.pathname}${url.search}${url.hash}`.includes('@')) throw badProxyUrl();
  if (!secure && url.protocol !== 'http:') throw unsupportedScheme(url.protocol);
  const login = url.username === '' && url.password === '' ? undefined : `${decoded(url.username)}:${decoded(url.password)}`;
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || (secure ? 443 : 80), secure, login };
}

/** What holds a bare `%` is taken as it stands. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// Neither sentence quotes the URL, which may hold a password.

function badProxyUrl(): Fault {
  return new Fault('proxy.badUrl', 'The URL of the proxy is no URL.', {
    remedy: {
      text: 'Correct HTTPS_PROXY (or the setting `http.proxy`), e.g. http://proxy.example.com:3128; in a user name or password, write %23 for #, %2F for / and %3F for ?.',
      action: 'retry',
    },
  });
}

function unsupportedScheme(protocol: string): Fault {
  return new Fault('proxy.unsupported', `The proxy is of a kind that is not supported (${protocol.slice(0, 20)}//).`, {
    remedy: { text: 'Name an http:// or https:// proxy in HTTPS_PROXY (or the setting `http.proxy`).', action: 'retry' },
  });
}
