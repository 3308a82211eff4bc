import * as tls from 'node:tls';
import { Fault } from './fault';

/** Literal addresses: not allowed as a server name (RFC 6066 section 3), yet what the certificate is checked against. */
const LITERAL_ADDRESS = /:|^\d+(?:\.\d+){3}$/;

/**
 * TLS options for a connection that is dialled at 127.0.0.1 and must be to `host`: the chain and that name are verified.
 * @param extraCa certificates (PEM) trusted besides what this process trusts anyway
 */
export function verifiedTls(host: string, extraCa: string | undefined): tls.ConnectionOptions {
  const ca = trustedCertificates(extraCa);
  return {
    ...(!LITERAL_ADDRESS.test(host) && { servername: host }),
    checkServerIdentity: (_, certificate) => tls.checkServerIdentity(host, certificate),
    ...(ca && { ca }),
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
  };
}

/**
 * The `ca` option for a TLS connection that trusts `extra` (PEM, one or more
 * certificates) besides what this process trusts anyway; undefined keeps the default.
 */
function trustedCertificates(extra: string | undefined): string[] | undefined {
  if (extra === undefined || extra.trim() === '') return undefined;
  // getCACertificates (Node 22.15 and later) includes NODE_EXTRA_CA_CERTS; the older list is the built-in one alone.
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  return [...(getCACertificates?.('default') ?? tls.rootCertificates), extra];
}

const NAME_MISMATCH = 'ERR_TLS_CERT_ALTNAME_INVALID';
const UNTRUSTED: readonly string[] = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
];
const OUT_OF_DATE: readonly string[] = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];
/** Node's codes for a certificate that does not verify, for whatever reason. */
export const CERTIFICATE_ERRORS: readonly string[] = [NAME_MISMATCH, ...UNTRUSTED, ...OUT_OF_DATE];

/** The Fault for a failed certificate check of `host`; undefined when the error is something else. */
export function tlsFault(error: unknown, host: string): Fault | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === NAME_MISMATCH) {
    return new Fault('target.tlsNameMismatch', `The server's certificate is not for ${host}.`, {
      cause: error,
      remedy: { text: 'Connect to the name that the certificate carries; refresh if the cache was changed recently.', action: 'retry' },
    });
  }
  if (UNTRUSTED.includes(code)) {
    return new Fault('target.tlsUntrusted', `The certificate of ${host} is signed by an authority that is not trusted here.`, {
      cause: error,
      remedy: { text: 'Name the file with its CA certificate in the setting `sallyport.tls.caFile`.', action: 'retry' },
    });
  }
  if (OUT_OF_DATE.includes(code)) {
    return new Fault('target.tlsExpired', `The certificate of ${host} is not valid at this time.`, {
      cause: error,
      remedy: { text: "Check this computer's clock, then the certificate.", action: 'retry' },
    });
  }
  return undefined;
}
