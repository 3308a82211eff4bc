// Session documents: what StartSession accepts, and the properties that the agent gets from it.

/** What an AWS API call fails with; the API server puts it into its protocol's error form. */
export class ServiceError extends Error {
  readonly code: string;
  /** HTTP status. */
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** StartSession's `Parameters`: each value is a list, of which these documents take exactly one string. */
export type SessionParameters = Readonly<Record<string, readonly string[]>>;

export interface SessionDocument {
  readonly parameters: Readonly<Record<string, { readonly allowedPattern: RegExp; readonly default?: string }>>;
  /** Properties of the session; `{{ name }}` stands for a parameter's value. */
  readonly properties: Readonly<Record<string, string>>;
  /** The document forwards to other hosts: the service refuses loopback ones. */
  readonly remoteHost?: boolean;
  /** Sessions are encrypted with this KMS key; `challenge` as the newer agents do it. */
  readonly encryption?: { readonly keyId: string; readonly challenge: boolean };
}

const PORT = /^([1-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$/;
const PORT_OR_ZERO = /^([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$/;
const HOST = /^[^,$^&()!;'"<>`{}[\]|#=]{3,}$/;

/** Alias of the key that encrypts sessions. */
export const SESSION_KEY = 'alias/sandbox-sessions';

const ports = {
  portNumber: { allowedPattern: PORT, default: '80' },
  localPortNumber: { allowedPattern: PORT_OR_ZERO, default: '0' },
} as const;

export const DOCUMENTS: Readonly<Record<string, SessionDocument>> = {
  'AWS-StartPortForwardingSession': {
    parameters: ports,
    properties: {
      portNumber: '{{ portNumber }}',
      type: 'LocalPortForwarding',
      localPortNumber: '{{ localPortNumber }}',
    },
  },
  'AWS-StartPortForwardingSessionToRemoteHost': {
    parameters: { ...ports, host: { allowedPattern: HOST } },
    properties: {
      portNumber: '{{ portNumber }}',
      type: 'LocalPortForwarding',
      localPortNumber: '{{ localPortNumber }}',
      host: '{{ host }}',
    },
    remoteHost: true,
  },
  'AWS-StartSSHSession': {
    parameters: { portNumber: { ...ports.portNumber, default: '22' } },
    properties: { portNumber: '{{ portNumber }}' },
  },
  // A document of the account's own. Without the type the agent works in basic mode.
  'Sandbox-BasicPortSession': {
    parameters: { ...ports, host: { allowedPattern: HOST } },
    properties: { portNumber: '{{ portNumber }}', localPortNumber: '{{ localPortNumber }}', host: '{{ host }}' },
    remoteHost: true,
  },
  // The same two with encryption; one agent asks as newer ones do, the other as older ones.
  'Sandbox-EncryptedPortSession': {
    parameters: { ...ports, host: { allowedPattern: HOST } },
    properties: { portNumber: '{{ portNumber }}', type: 'LocalPortForwarding', host: '{{ host }}' },
    remoteHost: true,
    encryption: { keyId: SESSION_KEY, challenge: true },
  },
  'Sandbox-EncryptedBasicPortSession': {
    parameters: { ...ports, host: { allowedPattern: HOST } },
    properties: { portNumber: '{{ portNumber }}', host: '{{ host }}' },
    remoteHost: true,
    encryption: { keyId: SESSION_KEY, challenge: false },
  },
};

/**
 * Checks the parameters and fills in the document.
 * @returns the session's properties with their keys sorted, as the agent's JSON encoder does.
 * @throws ServiceError `InvalidDocument`, `InvalidParameters`, or `BadRequest` for a loopback host.
 */
export function sessionProperties(
  documents: Readonly<Record<string, SessionDocument>>,
  documentName: string,
  parameters: SessionParameters,
): Readonly<Record<string, string>> {
  const document = Object.hasOwn(documents, documentName) ? documents[documentName] : undefined;
  if (!document) throw new ServiceError('InvalidDocument', `Document with name ${documentName} does not exist.`);
  const unknown = Object.keys(parameters).find((name) => !Object.hasOwn(document.parameters, name));
  if (unknown !== undefined) {
    throw new ServiceError('InvalidParameters', `Parameter "${unknown}" is not defined in document ${documentName}.`);
  }
  const values = new Map(
    Object.entries(document.parameters).map(([name, { allowedPattern, default: fallback }]) => {
      const given = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
      return [name, parameterValue(name, given, allowedPattern, fallback)];
    }),
  );
  if (document.remoteHost && isLoopback(values.get('host') ?? '')) {
    throw new ServiceError('BadRequest', 'Forwarding to a loopback address is not supported by this document.');
  }
  const filled = Object.entries(document.properties).map(([key, template]): [string, string] => [
    key,
    template.replaceAll(/\{\{ (\w+) \}\}/g, (_, name: string) => values.get(name) ?? ''),
  ]);
  return Object.fromEntries(filled.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function parameterValue(name: string, given: readonly string[] | undefined, pattern: RegExp, fallback?: string): string {
  if (given !== undefined && given.length !== 1) {
    throw new ServiceError('InvalidParameters', `Parameter "${name}" must have exactly one value.`);
  }
  const value = given?.[0] ?? fallback;
  if (value === undefined) throw new ServiceError('InvalidParameters', `Parameter "${name}" has no value.`);
  if (!pattern.test(value)) {
    throw new ServiceError('InvalidParameters', `Parameter "${name}" has value "${value}" not matching ${pattern.source}.`);
  }
  return value;
}

function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d{1,3}){0,3}$/.test(name);
}
