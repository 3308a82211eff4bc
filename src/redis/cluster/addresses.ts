import { BlockList, isIP } from 'node:net';
import { Fault } from '../../base/fault';
import { type Endpoint, formatEndpoint, isLoopback } from '../../model/endpoint';
import type { KnownPlaces } from '../types';

/** Never dialled for a name's or an address's own sake: this host and network, link-local with the metadata services, multicast, reserved. */
const SPECIAL = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) SPECIAL.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['::', 127],
  ['fe80::', 10],
  ['ff00::', 8],
  // The metadata and time services of EC2.
  ['fd00:ec2::', 32],
] as const) SPECIAL.addSubnet(network, bits, 'ipv6');

/** RFC 1918, the shared space of RFC 6598, which VPCs may use, and RFC 4193. IPv6 addresses of a VPC may be public ones. */
const PRIVATE = new BlockList();
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
] as const) PRIVATE.addSubnet(network, bits, 'ipv4');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');

/**
 * Lets an announced address pass:
 * - a host that the target is known by, at whatever port: it is the same machine, or the same name;
 * - a name in the target's own domain: the same one below the first label, and the two forms that ElastiCache has without TLS.
 *   Of Amazon's names only those below the cluster's own, at a port of the target's: most domains there are all customers';
 * - a private address, or Amazon's name of one, at a port of the target's, as nodes announce where they have no names. Where TLS is on, the node must
 *   besides have the certificate of the host that was asked; without it a VPC's own rules decide what is there, and this
 *   machine's network, where strangers would get the login in clear text, is left alone.
 * @throws Fault `redis.nodeRefused`
 */
export function checkNodeAddress(announced: Endpoint, { asked, known, direct, tls }: KnownPlaces): void {
  const host = plain(announced.host);
  const places = [asked, ...known];
  if (places.some((place) => plain(place.host) === host || (isLoopback(plain(place.host)) && isLoopback(host)))) return;
  if (isLoopback(host) || isSpecial(host)) throw refused(announced, 'that is no address of another machine');
  const named = isIP(host) === 0;
  if (named && !places.some((place) => isSameDomain(host, plain(place.host)))) throw refused(announced, `that is not in the domain of ${asked.host}`);
  if (!named && !PRIVATE.check(host, family(host))) throw refused(announced, 'that is no private address');
  const amazons = AMAZON.test(host);
  const isPrivate = !named || MACHINE.test(host);
  if (!amazons && !isPrivate) return;
  if (!places.some(({ port }) => port === announced.port)) throw refused(announced, `the cache is known at port ${asked.port}`);
  if (isPrivate && direct && !tls) throw refused(announced, 'without TLS, and without a bastion, it may be anybody in this network');
}

const AMAZON = /\.amazonaws\.com(?:\.cn)?$/;
/** EC2's names of private addresses, e.g. `ip-10-0-0-1.eu-central-1.compute.internal`: everybody's in that region. */
const MACHINE = /\.compute\.internal$/;
/** What the nodes of one cluster with TLS share: its name, the account's token, and ElastiCache's or MemoryDB's place. */
const CLUSTER = /^[a-z0-9-]+\.(?!(?:clustercfg|serverless|ng|\d+)\.)[a-z0-9]+\.(?:[a-z0-9-]+\.cache|memorydb\.[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;

/** Lower case, without the dot of the root and without the IPv6 form of an IPv4 address. */
function plain(host: string): string {
  return host.toLowerCase().replace(/\.$/, '').replace(/^::ffff:(?=\d+\.)/, '');
}

function isSpecial(host: string): boolean {
  // A number alone, in whatever base, is an address to many resolvers.
  if (/^(?:0x[0-9a-f]+|\d+)(?:\.(?:0x[0-9a-f]+|\d+)){0,3}$/.test(host) && isIP(host) === 0) return true;
  return isIP(host) !== 0 && SPECIAL.check(host, family(host));
}

function family(host: string): 'ipv4' | 'ipv6' {
  return isIP(host) === 6 ? 'ipv6' : 'ipv4';
}

function isSameDomain(host: string, place: string): boolean {
  if (isIP(place) !== 0) return false;
  const [, ...labels] = host.split('.');
  const [, ...own] = place.split('.');
  const domain = labels.join('.');
  if (AMAZON.test(host)) return (domain === own.join('.') && CLUSTER.test(domain)) || isElastiCacheNode(host, place);
  // Of two labels both would be somebody's at large: `cache.internal` and `other.internal` share nothing.
  return own.length >= 3 && domain === own.join('.');
}

/** `NAME.TOKEN.clustercfg.REGION…` has its nodes at `NAME-0001-001.TOKEN.0001.REGION…` where it has no TLS (ElastiCache user guide, "Finding connection endpoints"). */
function isElastiCacheNode(host: string, place: string): boolean {
  const [name = '', token, kind = '', ...region] = place.split('.');
  const [node = '', sameToken, number = '', ...sameRegion] = host.split('.');
  const where = region.join('.');
  if (!/^[a-z0-9-]+\.cache\.amazonaws\.com(?:\.cn)?$/.test(where) || where !== sameRegion.join('.') || token !== sameToken) return false;
  if (kind !== 'clustercfg' && !NUMBER.test(kind)) return false;
  const group = kind === 'clustercfg' ? name : name.replace(MEMBER, '');
  return NUMBER.test(number) && MEMBER.test(node) && node.replace(MEMBER, '') === group;
}

const NUMBER = /^\d{4}$/;
const MEMBER = /-\d{4}-\d{3}$/;

function refused(announced: Endpoint, why: string): Fault {
  return new Fault('redis.nodeRefused', `The cluster announces a node at ${formatEndpoint(announced)}, which is not dialled: ${why}.`, {
    remedy: { text: 'If that node is yours, name it in the setting `sallyport.targets` and connect to it there.' },
  });
}
