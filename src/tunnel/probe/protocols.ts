import { formatEndpoint, type Endpoint } from '../../model/endpoint';
import { httpRequest, readHttpAnswer } from '../../wire/probes/http';
import { API_VERSIONS_REQUEST, readApiVersions } from '../../wire/probes/kafka';
import { readVersion, VERSION_REQUEST } from '../../wire/probes/memcached';
import { HELLO, readHello } from '../../wire/probes/mongo';
import { readGreeting } from '../../wire/probes/mysql';
import { readTnsAnswer, TNS_PING } from '../../wire/probes/oracle';
import type { Reading } from '../../wire/probes/reading';
import { PING, readPong } from '../../wire/probes/redis';
import { PRELOGIN, readPrelogin } from '../../wire/probes/sqlServer';
import type { ProtocolName } from './faults';

/** A protocol whose round trip is one request and one answer. */
export interface Protocol {
  readonly name: ProtocolName;
  /** Undefined where the server speaks first. */
  readonly request?: (to: Endpoint) => Buffer;
  readonly read: (received: Buffer) => Reading;
  /** Whether the request may be sent again on the same stream: only then is the latency without the bastion's connect. */
  readonly repeatable: boolean;
  /** Whether TLS, where the target has it, begins with the first byte; else the protocol has its own way into it. */
  readonly tlsFirst: boolean;
}

const REPEATABLE = { repeatable: true, tlsFirst: true } as const;
/** One exchange per connection, before TLS. */
const OPENING = { repeatable: false, tlsFirst: false } as const;

export const REDIS: Protocol = { name: 'Redis', request: () => PING, read: readPong, ...REPEATABLE };
export const MEMCACHED: Protocol = { name: 'memcached', request: () => VERSION_REQUEST, read: readVersion, ...REPEATABLE };
export const MONGO: Protocol = { name: 'MongoDB', request: () => HELLO, read: readHello, ...REPEATABLE };
export const KAFKA: Protocol = { name: 'Kafka', request: () => API_VERSIONS_REQUEST, read: readApiVersions, ...REPEATABLE };

/**
 * The greeting. A connection that ends before a login counts as a connect error of the bastion (`max_connect_errors`,
 * 100 unless told, one after another without a login between), and nothing that could follow the greeting avoids that:
 * whatever breaks off the handshake counts, SSLRequest too, and a login that is refused does not count but stands in the
 * audit log as an attack (acl_authenticate in MySQL's sql_authentication.cc; HAProxy's manual warns of the same at
 * `option mysql-check`). So these servers are asked seldom: see `probeInterval`. The latency contains the bastion's connect.
 */
export const MYSQL: Protocol = { name: 'MySQL', read: readGreeting, ...OPENING };
/** The latency contains the bastion's connect: a second PRELOGIN would be an error. */
export const SQL_SERVER: Protocol = { name: 'SQL Server', request: () => PRELOGIN, read: readPrelogin, ...OPENING };
/** Listeners for TLS have a port of their own, where it begins with the first byte. A listener ends the connection after a ping. */
export const ORACLE: Protocol = { name: 'Oracle', request: () => TNS_PING, read: readTnsAnswer, repeatable: false, tlsFirst: true };

/** Asks for the connection to be closed: a server that keeps it would have a slot taken until its time-out. */
export function http(method: 'GET' | 'HEAD', path: string): Protocol {
  return {
    name: 'HTTP',
    request: (to) => httpRequest(method, path, formatEndpoint(to)),
    read: readHttpAnswer,
    repeatable: false,
    tlsFirst: true,
  };
}
