/**
 * How an option's arguments are read. `ignored`: does not concern tunnels, any arguments do; `deprecated`: OpenSSH skips it.
 * `flag`: yes/no; `choice`: one of `choices`; `time`: seconds or `1h30m`; `files`: several, `none` alone; `rest`: the raw line.
 */
export type OptionKind =
  | 'flag' | 'choice' | 'string' | 'number' | 'port' | 'time' | 'files' | 'rest' | 'jump' | 'algorithms'
  | 'identity' | 'agent' | 'words' | 'ignored' | 'deprecated' | 'host' | 'match' | 'include';

export interface OptionSpec {
  /** As the manual spells it. */
  readonly name: string;
  readonly kind: OptionKind;
  /** Written value (lower case) to what it means. */
  readonly choices?: Readonly<Record<string, string>>;
}

const yesNo = { true: 'yes', yes: 'yes', false: 'no', no: 'no' };
const withAsk = { ...yesNo, ask: 'ask' };

const logLevels = 'silent quiet fatal error info verbose debug debug1 debug2 debug3'.split(' ');

const choices: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AddressFamily: { any: 'any', inet: 'inet', inet6: 'inet6' },
  CanonicalizeHostname: { ...yesNo, always: 'always' },
  Compression: { yes: 'yes', no: 'no' },
  ControlMaster: { ...withAsk, auto: 'auto', autoask: 'autoask' },
  LogLevel: Object.fromEntries(logLevels.map((level) => [level, level])),
  PubkeyAuthentication: { ...yesNo, unbound: 'yes', 'host-bound': 'yes' },
  RequestTTY: { ...yesNo, force: 'force', auto: 'auto' },
  SessionType: { none: 'none', subsystem: 'subsystem', default: 'default' },
  StrictHostKeyChecking: { ...withAsk, off: 'no', 'accept-new': 'accept-new' },
  Tunnel: { ...yesNo, ethernet: 'ethernet', 'point-to-point': 'point-to-point' },
  UpdateHostKeys: withAsk,
  VerifyHostKeyDNS: withAsk,
};

const byKind: Readonly<Record<Exclude<OptionKind, 'choice'>, string>> = {
  host: 'Host',
  match: 'Match',
  include: 'Include',
  flag:
    'ForwardX11 ForwardX11Trusted ExitOnForwardFailure GatewayPorts PasswordAuthentication KbdInteractiveAuthentication ' +
    'HostbasedAuthentication GSSAPIAuthentication GSSAPIDelegateCredentials GSSAPIKeyExchange GSSAPITrustDns ' +
    'GSSAPIRenewalForcesRekey BatchMode CheckHostIP TCPKeepAlive NoHostAuthenticationForLocalhost ClearAllForwardings ' +
    'EnableSSHKeysign IdentitiesOnly HashKnownHosts PermitLocalCommand VisualHostKey StdinNull ForkAfterAuthentication ' +
    'ProxyUseFdpass CanonicalizeFallbackLocal StreamLocalBindUnlink EnableEscapeCommandline WarnWeakCrypto',
  string:
    'User HostName HostKeyAlias PreferredAuthentications BindAddress BindInterface PKCS11Provider SecurityKeyProvider ' +
    'RevokedHostKeys IgnoreUnknown Tag KbdInteractiveDevices XAuthLocation ControlPath GSSAPIClientIdentity ' +
    'GSSAPIServerIdentity GSSAPIKexAlgorithms',
  number: 'ConnectionAttempts NumberOfPasswordPrompts ServerAliveCountMax RequiredRSASize CanonicalizeMaxDots',
  port: 'Port',
  time: 'ConnectTimeout ServerAliveInterval ForwardX11Timeout',
  files: 'UserKnownHostsFile GlobalKnownHostsFile',
  rest: 'ProxyCommand KnownHostsCommand LocalCommand RemoteCommand RefuseConnection',
  jump: 'ProxyJump',
  algorithms:
    'Ciphers MACs KexAlgorithms HostKeyAlgorithms PubkeyAcceptedAlgorithms HostbasedAcceptedAlgorithms CASignatureAlgorithms',
  identity: 'IdentityFile CertificateFile',
  agent: 'IdentityAgent',
  words: 'CanonicalDomains CanonicalizePermittedCNAMEs',
  ignored:
    'ForwardAgent LocalForward RemoteForward DynamicForward PermitRemoteOpen EscapeChar SyslogFacility LogVerbose ' +
    'RekeyLimit SendEnv SetEnv ControlPersist TunnelDevice TunnelOptions IPQoS StreamLocalBindMask FingerprintHash ' +
    'AddKeysToAgent ObscureKeystrokeTiming ChannelTimeout VersionAddendum',
  deprecated:
    'Protocol Cipher FallBackToRsh GlobalKnownHostsFile2 RhostsAuthentication UserKnownHostsFile2 UseRoaming UseRsh ' +
    'UsePrivilegedPort AFSTokenPassing KerberosAuthentication KerberosTGTPassing RSAAuthentication RhostsRSAAuthentication ' +
    'CompressionLevel',
};

/** Old spellings (readconf.c). */
const aliases: Readonly<Record<string, string>> = {
  smartcarddevice: 'PKCS11Provider',
  challengeresponseauthentication: 'KbdInteractiveAuthentication',
  skeyauthentication: 'KbdInteractiveAuthentication',
  tisauthentication: 'KbdInteractiveAuthentication',
  dsaauthentication: 'PubkeyAuthentication',
  identityfile2: 'IdentityFile',
  keepalive: 'TCPKeepAlive',
  hostbasedkeytypes: 'HostbasedAcceptedAlgorithms',
  pubkeyacceptedkeytypes: 'PubkeyAcceptedAlgorithms',
};

const specs = new Map<string, OptionSpec>();
for (const [kind, names] of Object.entries(byKind) as [Exclude<OptionKind, 'choice'>, string][]) {
  for (const name of names.split(' ')) specs.set(name.toLowerCase(), { name, kind });
}
for (const [name, values] of Object.entries(choices)) specs.set(name.toLowerCase(), { name, kind: 'choice', choices: values });
for (const [alias, name] of Object.entries(aliases)) specs.set(alias, specs.get(name.toLowerCase())!);
const useKeychain: OptionSpec = { name: 'UseKeychain', kind: 'flag' };

export const YES_NO: Readonly<Record<string, string>> = yesNo;

/** The option of a keyword in lower case; undefined when OpenSSH does not know it. Apple's ssh knows one more. */
export function optionSpec(keyword: string, platform: NodeJS.Platform): OptionSpec | undefined {
  if (keyword === 'usekeychain' && platform === 'darwin') return useKeychain;
  return specs.get(keyword);
}
