import { asFault, Fault, isFault, type FaultCode, type Remedy } from '../base/fault';
import { tlsFault } from '../base/trust';
import { formatEndpoint } from '../model/endpoint';
import type { LoginSource, RedisSessionOptions } from './types';

interface Rule {
  readonly pattern: RegExp;
  readonly code: FaultCode;
  readonly message: string;
  readonly retryable?: boolean;
  readonly remedy?: Remedy;
}

const ENTER_PASSWORD: Remedy = { text: 'Enter the user name and the password of the cache.', action: 'enterPassword' };
const TRY_AGAIN: Remedy = { text: 'Check both and enter them again.', action: 'enterPassword' };

/**
 * What a server's error means while a session is being opened. The code word is the protocol's only
 * structure, and older servers have none for logins; so texts are matched, here and nowhere else.
 */
const REFUSALS: readonly Rule[] = [
  { pattern: /^NOAUTH\b/, code: 'redis.passwordNeeded', message: '{0} asks for a password.', remedy: ENTER_PASSWORD },
  {
    pattern: /^ERR wrong number of arguments for 'auth' command/i,
    code: 'redis.wrongPassword',
    message: '{0} is older than Redis 6 and knows no user names.',
    remedy: { text: 'Enter the password without a user name.', action: 'enterPassword' },
  },
  {
    pattern: /^WRONGPASS\b|^ERR invalid password/i,
    code: 'redis.wrongPassword',
    message: '{0} refused the user name or the password.',
    remedy: TRY_AGAIN,
  },
  {
    pattern: /^NOPERM\b/,
    code: 'redis.noPermission',
    message: 'The access control list of {0} does not allow this user to do that.',
    remedy: { text: 'Ask for the right, or log in as another user.', action: 'enterPassword' },
  },
  {
    pattern: /^DENIED\b/,
    code: 'redis.unreachable',
    message: '{0} runs in protected mode and refuses connections from other machines.',
    remedy: { text: 'Check that this is the right server; a managed cache never does this.' },
  },
  {
    pattern: /max number of clients/i,
    code: 'redis.unreachable',
    message: '{0} has reached its maximum number of clients.',
    retryable: true,
    remedy: { text: 'Close connections that are not needed, then try again.', action: 'retry' },
  },
];

/** AUTH on a server that has no password: nothing is wrong with the connection (since Redis 6, and before). */
const NO_PASSWORD_SET = /without any password configured|no password is set/i;

export function isLoginNotNeeded(errorText: string): boolean {
  return NO_PASSWORD_SET.test(errorText);
}

/** Whether the reply to PING proves a working connection although it is an error: the ACL, or a server that is not ready yet. */
export function isAnswerEnough(errorText: string): boolean {
  return !/^(NOAUTH|DENIED)\b|max number of clients/i.test(errorText);
}

/** The Fault for an error reply of the server; undefined when the table does not know it. */
export function refusalFault(errorText: string, options: RedisSessionOptions): Fault | undefined {
  const rule = REFUSALS.find(({ pattern }) => pattern.test(errorText));
  if (!rule) return undefined;
  if (rule.code === 'redis.wrongPassword' && options.loginSource) return sourceRefused(options, options.loginSource);
  return new Fault(rule.code, rule.message.replace('{0}', formatEndpoint(options.endpoint)), {
    retryable: rule.retryable ?? false,
    ...(rule.remedy && { remedy: rule.remedy }),
  });
}

/** A server says no more than WRONGPASS, whatever is wrong with the login. */
function sourceRefused({ endpoint, login }: RedisSessionOptions, { kind, name }: LoginSource): Fault {
  const where = formatEndpoint(endpoint);
  if (kind === 'secret') {
    return new Fault('redis.secretRefused', `${where} refused the login of secret "${name}".`, {
      remedy: { text: 'Check that its value and the fields that were chosen are those of the cache, or choose another login.', action: 'changeLogin' },
    });
  }
  // Facts of "Authenticating with IAM" in the user guides; the token's host is the cache's own name by its making.
  const checks = [
    "the user uses IAM, has the same name and id in lower case and is in the cache's user group or ACL",
    `${name} is allowed on both the cache and the user`,
    "this machine's clock is right",
  ];
  return new Fault('redis.iamRefused', `${where} refused the IAM token of user "${login?.username ?? ''}".`, {
    remedy: { text: `Check that ${checks[0]}, that ${checks[1]}, and that ${checks[2]}.`, action: 'changeLogin' },
  });
}

export function iamNeedsTls({ endpoint }: RedisSessionOptions): Fault {
  return new Fault('redis.iamNeedsTls', `${formatEndpoint(endpoint)} has no TLS, which IAM logins need.`, {
    remedy: { text: 'Enable encryption in transit, or choose another login.', action: 'changeLogin' },
  });
}

/** The Fault for an error reply that the table does not know; whatever the server echoed of the login is taken out. */
export function refusedFault(errorText: string, options: RedisSessionOptions): Fault {
  const secret = options.login?.password;
  const text = secret ? errorText.replaceAll(secret, '•••') : errorText;
  return (
    refusalFault(errorText, options) ??
    new Fault('redis.refused', `${formatEndpoint(options.endpoint)} refused the connection: ${text.slice(0, 200)}`, {
      remedy: { text: 'Check the state of the server, then try again.', action: 'retry' },
    })
  );
}

/** The Fault for an error of the socket, before the server has answered. */
export function dialFault(error: unknown, options: RedisSessionOptions): Fault {
  if (isFault(error)) return error;
  const untrusted = tlsFault(error, options.endpoint.host);
  // The tunnel's probe reports the same conditions as `target.*`; here they are the console's.
  if (untrusted) return recoded(untrusted, untrusted.code === 'target.tlsNameMismatch' ? 'redis.tlsNameMismatch' : 'redis.tlsUntrusted');
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const where = formatEndpoint(options.endpoint);
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return new Fault('redis.tlsNotOffered', `${where} does not answer in TLS.`, {
      cause: error,
      remedy: { text: 'Check whether encryption in transit is enabled on the cache, then refresh.', action: 'retry' },
    });
  }
  if (code === 'ECONNREFUSED') {
    return unreachable(`Nothing listens on ${formatEndpoint(options.local)} any more.`, 'Start the tunnel again.', error);
  }
  if (code.startsWith('ERR_OSSL') || code === 'ERR_INVALID_ARG_TYPE') {
    return new Fault('redis.tlsUntrusted', 'The extra CA certificates cannot be read.', {
      cause: error,
      remedy: { text: 'Name a file with PEM certificates in the setting `sallyport.tls.caFile`.' },
    });
  }
  return unreachable(`${where} closed the connection before it answered.`, 'Check that the cache is available, then try again.', error);
}

export function timedOut(ms: number, options: RedisSessionOptions): Fault {
  const { port } = options.endpoint;
  const where = formatEndpoint(options.endpoint);
  const group = `Check that its security group allows port ${port} from the bastion, then try again.`;
  return options.tls === 'off'
    ? unreachable(`${where} did not answer within ${ms / 1000} s.`, group)
    : unreachable(`${where} did not answer in TLS within ${ms / 1000} s.`, `Check that encryption in transit is enabled on the cache. ${group}`);
}

export function closedUnanswered(options: RedisSessionOptions): Fault {
  return unreachable(
    `${formatEndpoint(options.endpoint)} closed the connection without an answer.`,
    'Check that the cache is available and that the tunnel is healthy, then try again.',
  );
}

export function tlsRequired(options: RedisSessionOptions): Fault {
  return new Fault('redis.tlsRequired', `${formatEndpoint(options.endpoint)} accepts TLS only.`, {
    remedy: { text: 'Set its encryption in transit to required, or refresh the resources, then connect again.', action: 'retry' },
  });
}

/** For what was running when the connection went, and what the server said last, if it said anything. */
export function connectionLost(lastWords: string | undefined, cause?: unknown): Fault {
  const why = lastWords === undefined ? '' : ` The server said: ${lastWords.slice(0, 200)}`;
  return new Fault('redis.connectionLost', `The connection was lost; whether the command was carried out is not known.${why}`, {
    retryable: true,
    remedy: { text: 'The next command connects again.', action: 'retry' },
    cause,
  });
}

/** A reply that breaks the protocol or its ceilings, as the end of the connection. */
export function brokenReply(error: unknown): Fault {
  const fault = asFault(error, 'resp.protocol');
  return new Fault('redis.connectionLost', `The connection was closed: ${fault.message}`, {
    retryable: true,
    remedy: { text: 'The next command connects again.', action: 'retry' },
    cause: error,
  });
}

function unreachable(message: string, remedy: string, cause?: unknown): Fault {
  return new Fault('redis.unreachable', message, { retryable: true, remedy: { text: remedy, action: 'retry' }, cause });
}

function recoded(fault: Fault, code: FaultCode): Fault {
  return new Fault(code, fault.message, {
    retryable: fault.retryable,
    ...(fault.remedy && { remedy: fault.remedy }),
    cause: fault.cause,
  });
}
