import { Fault } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import { formatEndpoint } from '../../model/endpoint';

// What a person reads when an endpoint cannot be reached without a bastion. Codes are stable.

const ELSE = 'or choose "Connect Through…" and take a bastion';

/** The Fault for what connecting failed with: by the weightiest of Node's codes, since several addresses may have been tried. */
export function connectFault(error: unknown, to: Endpoint): Fault {
  const codes = codesOf(error);
  const where = formatEndpoint(to);
  const { code, sentence, remedy } = KINDS.find(({ fits }) => codes.some((one) => fits.test(one))) ?? BROKEN;
  return new Fault(code, sentence(where, to.host), { cause: error, retryable: true, remedy: { text: remedy(to), action: 'retry' } });
}

/** @param ms how long it was waited for */
export function unanswered(to: Endpoint, ms: number): Fault {
  return new Fault('direct.timeout', `The server at ${formatEndpoint(to)} did not answer a direct connection within ${ms / 1000} s.`, {
    retryable: true,
    remedy: { text: letIn(to), action: 'retry' },
  });
}

export function linkClosed(): Fault {
  return new Fault('link.closed', 'The direct connections of this tunnel were closed.', {
    retryable: true,
    remedy: { text: 'Connect again.', action: 'retry' },
  });
}

interface Kind {
  readonly code: `direct.${string}`;
  /** Node's codes. */
  readonly fits: RegExp;
  readonly sentence: (where: string, host: string) => string;
  readonly remedy: (to: Endpoint) => string;
}

const letIn = ({ port }: Endpoint): string => `Let a security group of the target admit your address on port ${port}, ${ELSE}.`;

/** The weightiest first: a refusal is an answer, while another address may merely have had no route. */
const KINDS: readonly Kind[] = [
  {
    code: 'direct.refused',
    fits: /^ECONNREFUSED$/,
    sentence: (where) => `The server at ${where} refuses direct connections.`,
    remedy: () => `Check the port and whether the server runs, ${ELSE}.`,
  },
  {
    code: 'direct.timeout',
    fits: /^ETIMEDOUT$/,
    sentence: (where) => `The server at ${where} did not answer a direct connection.`,
    remedy: letIn,
  },
  {
    code: 'direct.unresolved',
    fits: /^(?:ENOTFOUND|ENODATA|EAI_[A-Z]+)$/,
    sentence: (_where, host) => `The name ${host} does not resolve on this machine.`,
    remedy: () => `Check your network and its DNS, ${ELSE}.`,
  },
  {
    code: 'direct.unreachable',
    fits: /^(?:ENETUNREACH|EHOSTUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|EACCES|EPERM)$/,
    sentence: (where) => `There is no way from this machine to ${where}.`,
    remedy: () => `Check your network, your VPN and your firewall, ${ELSE}.`,
  },
];

const BROKEN: Omit<Kind, 'fits'> = {
  code: 'direct.failed',
  sentence: (where) => `The direct connection to ${where} broke while it was being made.`,
  remedy: () => `Try again, ${ELSE}.`,
};

function codesOf(error: unknown): readonly string[] {
  if (error instanceof AggregateError) return (error.errors as readonly unknown[]).flatMap((one) => codesOf(one));
  return error instanceof Error && 'code' in error ? [String(error.code)] : [];
}
