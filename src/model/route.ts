import type { Bastion } from './bastion';
import { bastionObstacle, REMOTE_HOST_AGENT } from './bastion';
import { Fault } from '../base/fault';
import type { Endpoint } from './endpoint';
import type { SshAccess } from './ssh';
import type { AuthMode, EndpointRole, Place, Target, TargetEndpoint, TlsMode } from './target';

/** How a bastion is reached. */
export type Method = 'ssm' | 'ssh';

/** What a tunnel needs to know of its target, as plain data. */
export interface TargetRef {
  readonly id: string;
  readonly name: string;
  readonly engine: string;
  readonly tls: TlsMode;
  readonly auth: AuthMode;
}

export interface BastionRef {
  readonly id: string;
  readonly name: string;
}

/** Target endpoint + bastion + method: everything that opening a tunnel needs. */
export interface Route {
  readonly target: TargetRef;
  readonly endpoint: Endpoint;
  /** Which of the target's endpoints it is, for people to read. */
  readonly role?: EndpointRole;
  readonly bastion: BastionRef;
  readonly method: Method;
  /** Present exactly when the method is `ssh`. */
  readonly ssh?: SshAccess;
  readonly place: Place;
}

export function makeRoute(target: Target, endpoint: TargetEndpoint, bastion: Bastion): Route {
  return { ...destinationOf(target, endpoint), bastion: { id: bastion.id, name: bastion.name }, method: 'ssm', place: bastion.place };
}

/** By SSH; the place is the target's, since a host of the OpenSSH configuration has none. */
export function makeSshRoute(target: Target, endpoint: TargetEndpoint, bastion: BastionRef, access: SshAccess): Route {
  return { ...destinationOf(target, endpoint), bastion, method: 'ssh', ssh: access, place: target.place };
}

function destinationOf(target: Target, endpoint: TargetEndpoint): Pick<Route, 'target' | 'endpoint' | 'role'> {
  return {
    target: { id: target.id, name: target.name, engine: target.engine, tls: target.tls, auth: target.auth },
    endpoint: { host: endpoint.host, port: endpoint.port },
    role: endpoint.role,
  };
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

/** Bastions of the target's account, region and VPC that can carry a tunnel now, ordered by name. */
export function usableBastions(target: Target, bastions: readonly Bastion[]): Bastion[] {
  return inVpcOf(target, bastions)
    .filter((bastion) => bastionObstacle(bastion) === undefined)
    .toSorted((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}

/**
 * The bastion that "Connect" uses.
 * @throws Fault `route.noBastion` when the VPC has none at all; `route.bastionOffline`,
 *   `route.bastionStopped`, `route.bastionUnmanaged` or `route.agentTooOld` when it has some but none is usable.
 */
export function chooseBastion(target: Target, bastions: readonly Bastion[]): Bastion {
  const [best] = usableBastions(target, bastions);
  if (best) return best;
  throw noUsableBastion(target, inVpcOf(target, bastions));
}

function inVpcOf(target: Target, bastions: readonly Bastion[]): Bastion[] {
  return bastions.filter(
    ({ place, vpcId }) =>
      place.accountId === target.place.accountId &&
      place.region === target.place.region &&
      vpcId !== undefined &&
      vpcId === target.vpcId,
  );
}

function noUsableBastion(target: Target, candidates: readonly Bastion[]): Fault {
  const where = target.vpcId ? `VPC ${target.vpcId} of "${target.name}"` : `the VPC of "${target.name}"`;
  const running = candidates.filter(({ state }) => state === 'running');
  const [stopped] = candidates;
  if (!stopped) {
    return new Fault('route.noBastion', `There is no EC2 instance in ${where}.`, {
      remedy: { text: 'Launch an instance with the AmazonSSMManagedInstanceCore policy in that VPC, then refresh.', action: 'retry' },
    });
  }
  const [first] = running;
  if (!first) {
    return new Fault('route.bastionStopped', `Bastion "${stopped.name}" (${stopped.id}) is ${stopped.state}.`, {
      remedy: { text: `Start it with \`aws ec2 start-instances --instance-ids ${stopped.id}\`, then refresh.`, action: 'retry' },
    });
  }
  const old = running.find((bastion) => bastionObstacle(bastion) === 'agentTooOld');
  if (old) {
    return new Fault(
      'route.agentTooOld',
      `The Systems Manager agent ${old.agentVersion} on "${old.name}" (${old.id}) is too old to forward to other hosts; ${REMOTE_HOST_AGENT} is needed.`,
      {
        remedy: {
          text: `Update it with \`aws ssm send-command --document-name AWS-UpdateSSMAgent --instance-ids ${old.id}\`.`,
          action: 'retry',
        },
      },
    );
  }
  const offline = running.find((bastion) => bastionObstacle(bastion) === 'offline');
  if (offline) {
    return new Fault('route.bastionOffline', `Bastion "${offline.name}" (${offline.id}) is running but its Systems Manager agent is offline (${offline.managed}).`, {
      remedy: { text: 'Check that the agent runs and reaches the ssm and ssmmessages endpoints, then refresh.', action: 'retry' },
    });
  }
  return new Fault('route.bastionUnmanaged', `No running instance in ${where} is managed by Systems Manager.`, {
    remedy: { text: `Attach the AmazonSSMManagedInstanceCore policy to the role of ${first.id}, then refresh.`, action: 'retry' },
  });
}
