import { Fault, isFault } from '../../base/fault';
import { tlsFault } from '../../base/trust';
import { formatEndpoint } from '../../model/endpoint';
import type { Route } from '../../model/route';
import { HandshakeFailed } from './probeStream';

const FOREIGN_CODES = {
  Redis: 'target.notRedis',
  PostgreSQL: 'target.notPostgres',
  MySQL: 'target.notMysql',
  memcached: 'target.notMemcached',
  MongoDB: 'target.notMongo',
  'SQL Server': 'target.notSqlServer',
  Oracle: 'target.notOracle',
  HTTP: 'target.notHttp',
  Kafka: 'target.notKafka',
} as const;

/** As people read it. */
export type ProtocolName = keyof typeof FOREIGN_CODES;

/** The server answers, but in another protocol. */
export function foreign(route: Route, name: ProtocolName): Fault {
  return new Fault(FOREIGN_CODES[name], `The server at ${formatEndpoint(route.endpoint)} answers, but does not speak the ${name} protocol.`, {
    remedy: { text: 'Check the endpoint and the port.' },
  });
}

/** The server takes nothing but TLS, and the target is not known to. */
export function wantsTls(route: Route): Fault {
  return new Fault('target.tlsRequired', `The server at ${formatEndpoint(route.endpoint)} speaks only TLS.`, {
    remedy: { text: 'Refresh the details of the target: its encryption in transit may have been turned on.', action: 'retry' },
  });
}

export function unanswered(route: Route, timeoutMs: number): Fault {
  const { endpoint, bastion } = route;
  const through = bastion ? ` through "${bastion.name}"` : '';
  const whom = bastion ? "the bastion's security group" : 'your address';
  return new Fault('target.unreachable', `The server at ${formatEndpoint(endpoint)} did not answer${through} within ${timeoutMs / 1000} s.`, {
    retryable: true,
    remedy: { text: `Check that a security group of the target allows port ${endpoint.port} from ${whom}.`, action: 'retry' },
  });
}

/** The Fault for whatever a stream or its TLS failed with. */
export function streamFault(error: unknown, route: Route): Fault {
  if (isFault(error)) return error;
  const where = formatEndpoint(route.endpoint);
  if (error instanceof HandshakeFailed) {
    const known = tlsFault(error.cause, route.endpoint.host);
    if (known) return known;
    return new Fault('target.tlsFailed', `The server at ${where} did not complete the TLS handshake.`, {
      cause: error.cause,
      remedy: { text: 'Check that encryption in transit is enabled on the target, then refresh.', action: 'retry' },
    });
  }
  return new Fault('target.closedConnection', `The server at ${where} closed the connection without answering.`, {
    cause: error,
    retryable: true,
    remedy: { text: 'If the target requires encryption in transit, refresh its details; else check that it is available.', action: 'retry' },
  });
}

/** Whether the round trip as such has passed and only the certificate is not accepted here. */
export function isCertificateFault(fault: Fault): boolean {
  return fault.code === 'target.tlsUntrusted' || fault.code === 'target.tlsNameMismatch' || fault.code === 'target.tlsExpired';
}
