import type { Evaluation } from './evaluation';
import { canonicalAddress } from './names';

interface Rule {
  readonly option: string;
  readonly reason: string;
  readonly blocks: boolean;
  /** Whether the value asks for it at all. */
  readonly applies: (value: string) => boolean;
}

const isYes = (value: string): boolean => value !== 'no';
const isSet = (value: string): boolean => value.toLowerCase() !== 'none';

/** What the built-in client leaves out although it can change the outcome. */
const RULES: readonly Rule[] = [
  { option: 'PKCS11Provider', reason: "keys on smart cards need the system's ssh", blocks: false, applies: isSet },
  { option: 'SecurityKeyProvider', reason: "security keys need the system's ssh", blocks: false, applies: isSet },
  { option: 'GSSAPIAuthentication', reason: "Kerberos logins need the system's ssh", blocks: false, applies: isYes },
  { option: 'HostbasedAuthentication', reason: "host-based logins need the system's ssh", blocks: false, applies: isYes },
  { option: 'KnownHostsCommand', reason: 'host keys are looked up in files alone', blocks: false, applies: isSet },
  { option: 'VerifyHostKeyDNS', reason: 'host keys are not looked up in the DNS', blocks: false, applies: isYes },
  { option: 'RevokedHostKeys', reason: "lists of revoked keys are checked by the system's ssh alone", blocks: true, applies: isSet },
  { option: 'BindInterface', reason: "binding to an interface needs the system's ssh", blocks: true, applies: () => true },
  { option: 'ProxyUseFdpass', reason: "proxies that pass a socket on need the system's ssh", blocks: true, applies: isYes },
];

/** Adds to the evaluation's own reports. */
export function reportUnsupported(evaluation: Evaluation): void {
  for (const { option, reason, blocks, applies } of RULES) {
    const setting = evaluation.settings.get(option);
    if (setting?.origin && applies(setting.values[0]!)) evaluation.report({ option, reason, blocks, origin: setting.origin });
  }
  for (const { origin } of evaluation.certificateFiles) {
    if (origin) {
      const reason = "certificates need the system's ssh";
      evaluation.report({ option: 'CertificateFile', reason, blocks: false, origin });
    }
  }
  reportCanonicalization(evaluation);
}

/** Only a look-up in the DNS is beyond us: addresses, names with enough dots and proxied hosts are not looked up. */
function reportCanonicalization(evaluation: Evaluation): void {
  const setting = evaluation.settings.get('CanonicalizeHostname');
  const mode = setting?.values[0];
  if (!setting?.origin || mode === 'no') return;
  const domains = evaluation.settings.get('CanonicalDomains')?.values ?? [];
  const proxied = evaluation.proxy !== undefined && evaluation.proxy.kind !== 'none';
  const { hostName } = evaluation;
  if (domains.length === 0 || domains[0]!.toLowerCase() === 'none' || canonicalAddress(hostName) !== undefined) return;
  if (proxied && mode !== 'always') return;
  const dots = hostName.split('.').length - 1;
  if (dots > Number(evaluation.value('CanonicalizeMaxDots') ?? '1') || hostName.endsWith('.')) return;
  evaluation.report({
    option: 'CanonicalizeHostname',
    reason: "names are completed by the system's ssh alone",
    blocks: true,
    origin: setting.origin,
  });
}
