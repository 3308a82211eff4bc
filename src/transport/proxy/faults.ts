import { Fault } from '../../base/fault';
import type { Destination, Proxy } from '../../base/proxy';
import { formatEndpoint } from '../../model/endpoint';

// What a person reads of a proxy. Sentences name its host and port, never its login. Codes are stable.

const ASK = 'ask your network administrator';

/** @param schemes what the proxy offers, lower case */
export function loginNeeded(proxy: Proxy, schemes: readonly string[]): Fault {
  const where = `The proxy ${formatEndpoint(proxy)}`;
  if (schemes.length > 0 && !schemes.includes('basic')) {
    const offered = schemes.join(', ');
    return new Fault('proxy.loginUnsupported', `${where} demands a login of a kind that is not supported (${offered}).`, {
      remedy: { text: `Only Basic is; NTLM, Negotiate (Kerberos) and Digest are not: ${ASK} for a proxy that allows it, or for an exception in NO_PROXY.` },
    });
  }
  if (proxy.login !== undefined) {
    return new Fault('proxy.loginRefused', `${where} did not accept the user name and password.`, {
      remedy: { text: `Correct them in HTTPS_PROXY (or the setting \`http.proxy\`), special characters percent-encoded, or ${ASK}.`, action: 'retry' },
    });
  }
  return new Fault('proxy.loginNeeded', `${where} demands a login.`, {
    remedy: {
      text: `Put user name and password into HTTPS_PROXY (http://user:password@${formatEndpoint(proxy)}), or ${ASK}; NTLM and Kerberos are not supported.`,
      action: 'retry',
    },
  });
}

/** Any answer but 200 and 407. */
export function notConnected(proxy: Proxy, to: Destination, status: number): Fault {
  const where = `The proxy ${formatEndpoint(proxy)}`;
  if (status >= 500) {
    return new Fault('proxy.failed', `${where} could not reach ${formatEndpoint(to)} (HTTP ${status}).`, {
      retryable: true,
      remedy: { text: `Try again; if it lasts, check the region's name, or ${ASK}.`, action: 'retry' },
    });
  }
  return new Fault('proxy.refused', `${where} refuses connections to ${formatEndpoint(to)} (HTTP ${status}).`, {
    remedy: { text: `Ask your network administrator to allow them, or except ${to.host} in NO_PROXY if it can be reached directly.`, action: 'retry' },
  });
}

export function tooSlow(proxy: Proxy, to: Destination, ms: number): Fault {
  const text = `The proxy ${formatEndpoint(proxy)} made no connection to ${formatEndpoint(to)} within ${ms / 1000} seconds.`;
  return new Fault('proxy.timeout', text, {
    retryable: true,
    remedy: { text: 'Check the network and HTTPS_PROXY (or the setting `http.proxy`), then try again.', action: 'retry' },
  });
}

export function badAnswer(proxy: Proxy, cause: unknown): Fault {
  return new Fault('proxy.badAnswer', `The proxy ${formatEndpoint(proxy)} gave an answer that is none of a proxy's.`, {
    cause,
    remedy: { text: 'Check host, port and scheme (http:// or https://) in HTTPS_PROXY or the setting `http.proxy`.', action: 'retry' },
  });
}

export function unreachable(proxy: Proxy, why: string, cause?: unknown): Fault {
  return new Fault('proxy.unreachable', `The proxy ${formatEndpoint(proxy)} cannot be reached: ${why}.`, {
    retryable: true,
    ...(cause !== undefined && { cause }),
    remedy: { text: 'Check the network and HTTPS_PROXY (or the setting `http.proxy`), then try again.', action: 'retry' },
  });
}

export function untrustedProxy(proxy: Proxy, cause: unknown): Fault {
  return new Fault('proxy.untrusted', `The certificate of the proxy ${formatEndpoint(proxy)} does not verify.`, {
    cause,
    remedy: { text: "Name your organisation's CA bundle in AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS; never switch verification off.", action: 'retry' },
  });
}
