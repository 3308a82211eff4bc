import type { Fault, FaultCode } from '../base/fault';
import { sameDestination, type Route } from '../model/route';
import { MAX_ALTERNATES } from '../model/tunnel';

// What a failure calls for: pure functions of the fault and of the routes that there are.

/** The person has to show who they are to AWS, or to a proxy on the way: the same for every bastion. Never tried again by itself. */
const SIGN_IN: ReadonlySet<FaultCode> = new Set([
  'aws.expiredCredentials',
  'aws.noCredentials',
  'aws.invalidKey',
  'aws.mfaNeeded',
  'aws.mfaRefused',
  'aws.signInDenied',
  'aws.signInExpired',
  'proxy.loginNeeded',
  'proxy.loginRefused',
  'proxy.signIn',
]);

/** The same towards one SSH server: another bastion may not ask for it. A server locks out who goes on trying. */
const LOGIN: ReadonlySet<FaultCode> = new Set([
  'ssh.permissionDenied',
  'ssh.tooManyAuthFailures',
  'ssh.answerNeeded',
  'ssh.wrongPassphrase',
  'ssh.passwordExpired',
]);

/** The bastion is gone, or cannot carry anything for now: stopped, terminated, its agent offline. */
const GONE: ReadonlySet<FaultCode> = new Set([
  'ssm.targetNotConnected',
  'instanceConnect.notRunning',
  'instanceConnect.notFound',
  'route.bastionStopped',
  'route.bastionOffline',
]);

/**
 * The endpoint cannot be reached without a bastion: security groups, DNS and the network from here differ from what a bastion
 * meets, and a proxy may connect to few ports only.
 */
const NOT_DIRECTLY: ReadonlySet<FaultCode> = new Set([
  'direct.refused',
  'direct.timeout',
  'direct.unresolved',
  'direct.unreachable',
  'direct.failed',
  'proxy.refused',
  'proxy.failed',
  'proxy.timeout',
  'proxy.unreachable',
]);

/** The bastion does not answer; once may be chance. */
const UNREACHABLE: ReadonlySet<FaultCode> = new Set([
  'ssh.refused',
  'ssh.timeout',
  'ssh.unresolved',
  'ssh.unreachable',
  'ssh.bannerClosed',
  'ssh.proxyCommandFailed',
  'ssm.handshakeTimeout',
]);
const TRIES_OF_UNREACHABLE = 2;

/** What another try may mend although the fault says that the person has to do something: somebody may start the machine. */
const MAY_COME_BACK: ReadonlySet<FaultCode> = new Set(['instanceConnect.notRunning', 'route.bastionStopped', 'route.bastionOffline']);

/** The routes of a tunnel, and where it stands among them. Plain data. */
export interface RoutePlan {
  /** The preferred one first; all to the same destination. */
  readonly routes: readonly [Route, ...Route[]];
  /** Index of the one in use. */
  readonly at: number;
  /** Dials of that one in this round that failed. */
  readonly tries: number;
  /** What the first dial of the round failed with: what the others fail with afterwards says less. */
  readonly first?: Fault;
}

/** Alternates that lead elsewhere are left out, and all beyond the fifth. */
export function planOf(route: Route, alternates: readonly Route[] = []): RoutePlan {
  const others = alternates.filter((one) => sameDestination(one, route)).slice(0, MAX_ALTERNATES);
  return { routes: [route, ...others], at: 0, tries: 0 };
}

export function routeOf({ routes, at }: RoutePlan): Route {
  return routes[at] ?? routes[0];
}

/** A new round begins with the preferred route. */
export function newRound({ routes }: RoutePlan): RoutePlan {
  return { routes, at: 0, tries: 0 };
}

export type Verdict =
  /** Dial at once: the same bastion once more, or another one. */
  | { readonly do: 'dial'; readonly plan: RoutePlan }
  /** Dial after a while. */
  | { readonly do: 'wait'; readonly cause: Fault }
  /** Wait for the person. */
  | { readonly do: 'hold'; readonly cause: Fault }
  /** Another try is not likely to help, but the tunnel is to be kept: try seldom. */
  | { readonly do: 'linger'; readonly cause: Fault }
  | { readonly do: 'stop'; readonly cause: Fault };

/** After a link that was up has been lost, whichever bastion it led over. */
export function afterLoss(cause: Fault, keep: boolean): Verdict {
  if (isAuthentication(cause)) return { do: 'hold', cause };
  if (cause.retryable || MAY_COME_BACK.has(cause.code)) return { do: 'wait', cause };
  return { do: keep ? 'linger' : 'stop', cause };
}

/** After a dial that failed. Goes on to the other bastions when this one is gone, once each, and is judged by the first fault then. */
export function afterDial(plan: RoutePlan, fault: Fault, keep: boolean): Verdict {
  const tries = plan.tries + 1;
  const first = plan.first ?? fault;
  if (plan.routes.length === 1) return afterLoss(fault, keep);
  if (UNREACHABLE.has(fault.code) && tries < TRIES_OF_UNREACHABLE) return { do: 'dial', plan: { ...plan, tries, first } };
  if (!leavesBastion(plan, fault)) return afterLoss(fault, keep);
  const at = plan.at + 1;
  return at < plan.routes.length ? { do: 'dial', plan: { ...plan, at, tries: 0, first } } : afterLoss(first, keep);
}

export function isAuthentication({ code }: Pick<Fault, 'code'>): boolean {
  return SIGN_IN.has(code) || LOGIN.has(code);
}

function leavesBastion(plan: RoutePlan, { code, retryable }: Fault): boolean {
  const { at } = plan;
  if (GONE.has(code) || UNREACHABLE.has(code)) return true;
  if (routeOf(plan).method === 'direct' && NOT_DIRECTLY.has(code)) return true;
  // Whatever is wrong with an alternate must not end what the preferred one may carry again.
  return at > 0 && !retryable && !SIGN_IN.has(code);
}
