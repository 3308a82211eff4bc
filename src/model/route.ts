import type { Bastion, BastionObstacle, EcsContainer } from './bastion';
import { REMOTE_HOST_AGENT } from './bastion';
import { canBeStarted } from './bastionPower';
import { Fault } from '../base/fault';
import type { Remedy } from '../base/fault';
import type { Endpoint } from './endpoint';
import type { RankedBastion, RankingEvidence } from './ranking';
import { DIRECT_KEY, rankBastions, rankDirect } from './ranking';
import type { SshAccess } from './ssh';
import type { AuthMode, EndpointRole, Place, Tag, Target, TargetEndpoint, TlsMode } from './target';

/** How a bastion is reached; `direct`: there is none. */
export type Method = 'ssm' | 'ssh' | 'direct';

/** What a tunnel needs to know of its target, as plain data. */
export interface TargetRef {
  readonly id: string;
  readonly name: string;
  readonly engine: string;
  readonly tls: TlsMode;
  readonly auth: AuthMode;
  /** As in `Target`. */
  readonly tags?: readonly Tag[];
}

export interface BastionRef {
  readonly id: string;
  readonly name: string;
}

/** Where a route leads, whatever the way. */
export interface RouteEnd {
  readonly target: TargetRef;
  readonly endpoint: Endpoint;
  /** Which of the target's endpoints it is, for people to read. */
  readonly role?: EndpointRole;
  readonly place: Place;
}

/** Target endpoint + bastion + method. */
export interface BastionRoute extends RouteEnd {
  readonly method: 'ssm' | 'ssh';
  readonly bastion: BastionRef;
  /** Present exactly when the method is `ssh`. */
  readonly ssh?: SshAccess;
}

/** Straight to the endpoint from this machine, or from its proxy. */
export interface DirectRoute extends RouteEnd {
  readonly method: 'direct';
  readonly bastion?: undefined;
  readonly ssh?: undefined;
}

/** Everything that opening a tunnel needs. */
export type Route = BastionRoute | DirectRoute;

export function makeRoute(target: Target, endpoint: TargetEndpoint, bastion: Bastion): BastionRoute {
  return { ...destinationOf(target, endpoint), bastion: { id: bastion.id, name: bastion.name }, method: 'ssm', place: bastion.place };
}

/** By SSH; the place is the target's, since a host of the OpenSSH configuration has none. */
export function makeSshRoute(target: Target, endpoint: TargetEndpoint, bastion: BastionRef, access: SshAccess): BastionRoute {
  return { ...destinationOf(target, endpoint), bastion, method: 'ssh', ssh: access, place: target.place };
}

export function makeDirectRoute(target: Target, endpoint: TargetEndpoint): DirectRoute {
  return { ...destinationOf(target, endpoint), method: 'direct', place: target.place };
}

/** What a route goes through, as one word: the id of its bastion, or `DIRECT_KEY`. */
export function wayOf({ bastion }: Pick<Route, 'bastion'>): string {
  return bastion?.id ?? DIRECT_KEY;
}

function destinationOf(target: Target, endpoint: TargetEndpoint): Pick<RouteEnd, 'target' | 'endpoint' | 'role'> {
  return {
    target: { ...targetRef(target), tls: endpoint.tls ?? target.tls },
    endpoint: { host: endpoint.host, port: endpoint.port },
    role: endpoint.role,
  };
}

function targetRef({ id, name, engine, tls, auth, tags }: Target): TargetRef {
  return { id, name, engine, tls, auth, ...(tags && { tags }) };
}

/** Two routes are the same when they lead to the same endpoint in the same place, over whatever bastion. */
export function sameDestination(a: Route, b: Route): boolean {
  return (
    a.target.id === b.target.id &&
    a.endpoint.host === b.endpoint.host &&
    a.endpoint.port === b.endpoint.port &&
    a.place.profile === b.place.profile
  );
}

/** One line that is the same for two routes exactly when `sameDestination` holds. */
export function destinationKey({ target, endpoint, place }: Pick<Route, 'target' | 'endpoint' | 'place'>): string {
  return [target.id, endpoint.host, endpoint.port, place.profile].join(' ');
}

/**
 * Whether "Connect" takes no bastion: a direct connection may be tried without asking, and the person has not chosen a
 * bastion before that can still be used.
 */
export function goesDirectly(target: Target, endpoint: TargetEndpoint, bastions: readonly Bastion[], evidence: RankingEvidence): boolean {
  if (!rankDirect(target, endpoint, evidence)?.automatic) return false;
  return !rankBastions(target, bastions, evidence).some(({ obstacle, reasons }) => obstacle === undefined && reasons.includes('chosenBefore'));
}

/**
 * The bastion that "Connect" uses, where it needs one: the best of those whose network reaches the target's, or that the
 * person has chosen before.
 * @throws Fault `route.noBastion` when there is none at all; `route.bastionOffline`,
 *   `route.bastionStopped`, `route.bastionUnmanaged` or `route.agentTooOld` when there are some but none is usable.
 */
export function chooseBastion(target: Target, bastions: readonly Bastion[], evidence: RankingEvidence = {}): Bastion {
  const ranking = rankBastions(target, bastions, evidence);
  const best = ranking.find(({ automatic, obstacle }) => automatic && obstacle === undefined);
  if (best) return best.bastion;
  const unusable = ranking.flatMap(({ automatic, bastion, obstacle }) => (automatic && obstacle ? [{ bastion, obstacle }] : []));
  if (unusable.length > 0) throw noUsableBastion(target, unusable);
  throw noBastion(target, ranking.filter(({ obstacle }) => obstacle === undefined).length);
}

type UnusableBastion = Required<Pick<RankedBastion, 'bastion' | 'obstacle'>>;

/** @param possible how many there are of which nobody knows whether they reach the target */
function noBastion(target: Target, possible: number): Fault {
  const text =
    possible > 0
      ? 'Choose "Connect Through…" and try one whose network may reach it, or launch an instance with the AmazonSSMManagedInstanceCore policy there, then refresh.'
      : 'Launch an instance with the AmazonSSMManagedInstanceCore policy in that VPC, then refresh.';
  return new Fault('route.noBastion', `There is no bastion in ${vpcOf(target)}.`, { remedy: { text, action: 'retry' } });
}

function vpcOf({ name, vpcId }: Target): string {
  return vpcId ? `VPC ${vpcId} of "${name}"` : `the VPC of "${name}"`;
}

const MENDED_FIRST: readonly BastionObstacle[] = ['agentTooOld', 'offline', 'unmanaged', 'notRunning'];

/** The one thing that a person would mend first. @param candidates at least one */
function noUsableBastion(target: Target, candidates: readonly UnusableBastion[]): Fault {
  const [best] = candidates;
  // One click mends it.
  if (best && canBeStarted(best.bastion)) return obstacleFault(best.obstacle, best.bastion, target);
  const [first] = MENDED_FIRST.flatMap((obstacle) => candidates.find((one) => one.obstacle === obstacle) ?? []);
  return obstacleFault(first!.obstacle, first!.bastion, target);
}

/** Why this bastion cannot be used now, and what would mend it: the faults of `chooseBastion`. */
export function obstacleFault(obstacle: BastionObstacle, bastion: Bastion, target: Target): Fault {
  switch (obstacle) {
    case 'agentTooOld':
      return agentTooOld(bastion);
    case 'offline':
      return bastionOffline(bastion);
    case 'unmanaged':
      return bastionUnmanaged(bastion, target);
    case 'notRunning':
      return bastionStopped(bastion);
  }
}

function agentTooOld({ agentVersion, id, name }: Bastion): Fault {
  return new Fault(
    'route.agentTooOld',
    `The Systems Manager agent ${agentVersion} on "${name}" (${id}) is too old to forward to other hosts; ${REMOTE_HOST_AGENT} is needed.`,
    { remedy: { text: `Update it with \`aws ssm send-command --document-name AWS-UpdateSSMAgent --instance-ids ${id}\`.`, action: 'retry' } },
  );
}

function bastionOffline({ id, ecs, managed, name }: Bastion): Fault {
  if (ecs) {
    return new Fault('route.bastionOffline', `Container "${name}" runs but its exec agent does not.`, { remedy: redeploy(ecs) });
  }
  return new Fault('route.bastionOffline', `Bastion "${name}" (${id}) is running but its Systems Manager agent is offline (${managed}).`, {
    remedy: { text: 'Check that the agent runs and reaches the ssm and ssmmessages endpoints, then refresh.', action: 'retry' },
  });
}

function bastionUnmanaged({ id, ecs, name }: Bastion, target: Target): Fault {
  if (ecs) {
    return new Fault('route.bastionUnmanaged', `Container "${name}" has no exec agent.`, { remedy: redeploy(ecs) });
  }
  return new Fault('route.bastionUnmanaged', `No running instance in ${vpcOf(target)} is managed by Systems Manager.`, {
    remedy: { text: `Attach the AmazonSSMManagedInstanceCore policy to the role of ${id}, then refresh.`, action: 'retry' },
  });
}

function redeploy({ cluster, group }: EcsContainer): Remedy {
  const [kind, name] = group.split(':');
  const how =
    kind === 'service'
      ? `Deploy it anew with \`aws ecs update-service --cluster ${cluster} --service ${name} --enable-execute-command --force-new-deployment\``
      : 'Run the task anew with exec enabled';
  return { text: `${how}, then refresh.`, action: 'retry' };
}

function bastionStopped(bastion: Bastion): Fault {
  const { id, kind, name, state } = bastion;
  const text =
    kind === 'ec2' ? `Start it with \`aws ec2 start-instances --instance-ids ${id}\`, then refresh.` : 'Wait until it runs, then refresh.';
  return new Fault('route.bastionStopped', `Bastion "${name}" (${id}) is ${state}.`, {
    remedy: canBeStarted(bastion) ? { text, action: 'startBastion', subject: id } : { text, action: 'retry' },
  });
}
